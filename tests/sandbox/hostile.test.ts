import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import type { EngineCommand } from '#lib/process/process-host.ts';
import { createProcessHost, type OwnedProcessHost } from '#lib/process/process-host.server.ts';
import { PRIVATE_TMP } from '#lib/process/sandbox/bwrap-arguments.ts';
import type { RunLimits, Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { withDir } from '../process/machine.ts';
import { codeOf } from '../process/with-host.ts';
import { partial, partialMissing, sandbox, sandboxMissing } from '../support/sandbox.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';
import { HOSTILE, layOut, namedProcesses, type Prey, PYTHON, pythonMissing } from './hostile-engine.ts';

const reason = pythonMissing ?? sandboxMissing;
const PROGRAM = join(import.meta.dirname, 'contained-program.ts');
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const LIMITS: RunLimits = { memoryBytes: 200 * 1024 ** 2, processes: 20, fileBytes: 32 * 1024 ** 2 };

interface Fixture {
  dir: string;
  prey: Prey;
  host: OwnedProcessHost;
  /** What a run of this Python printed, and its folder as it was in the end. */
  python: (code: string, more?: Partial<EngineCommand>) => Promise<string>;
  /** What the hostile engine got through with, one a line. */
  attack: () => Promise<string[]>;
}

async function withPrey(
  contained: Sandbox | null,
  body: (fixture: Fixture) => Promise<void>,
  limits?: RunLimits,
): Promise<void> {
  await withDir(async (dir) => {
    const prey = await layOut(dir, contained !== null);
    const host = await createProcessHost({
      ...{ runDir: join(dir, 'run'), sandbox: contained, notes: ['note.json', 'forged.json'] },
      ...(limits ? { limits } : {}),
    });
    const proxy = await startProxy({ guard: createGuard(), listens: contained?.level !== 'full' });
    const run = async (args: string[], more: Partial<EngineCommand> = {}): Promise<string> => {
      let out = '';
      await host.run({
        argv: [PYTHON, '-I', ...args],
        cwd: null,
        env: { PATH: '/usr/bin:/bin' },
        signal: new AbortController().signal,
        onChunk: (_, chunk) => (out += Buffer.from(chunk).toString()),
        ...more,
      });
      return out;
    };
    try {
      await body({
        ...{ dir, prey, host },
        python: (code, more) => settles(run(['-S', '-c', code], more), { deadlineMs: 60_000 }),
        attack: async () => {
          const more = { reads: [HOSTILE, prey.file], outlet: proxy.outletFor('hostile') };
          const out = await settles(run([HOSTILE, prey.file], more), { deadlineMs: 60_000 });
          return out.split('\n').filter((line) => line !== '');
        },
      });
    } finally {
      await host.close();
      await proxy.close();
      for (const pid of namedProcesses(prey.name)) process.kill(pid, 'SIGKILL');
      await prey.close();
    }
  });
}

testUnless(test, reason, 'without a sandbox a hostile engine gets what it wants, and lives on', () =>
  withPrey(null, async ({ attack, prey, dir }) => {
    const got = await attack();
    for (const name of [
      `reads ${join(dir, 'data/token-key')}`,
      `reads ${join(dir, 'data/sluice.db')}`,
      'reads the environment of the server',
      `writes ${join(dir, 'planted')}`,
      'signals the server',
      'dials loopback',
      'dials by UDP',
      'dials an abstract socket',
      'dials a socket file',
    ])
      assert.ok(got.includes(name), `${name} is not among ${got.join(', ')}`);
    assert.ok(prey.reached.includes('tcp') && prey.reached.includes('udp'));
    await waitFor(() => namedProcesses(prey.name).length > 0, { what: 'the one that is left' });
  }),
);

testUnless(test, reason, 'in a sandbox nothing gets through, nothing lives on', () =>
  withPrey(sandbox, async ({ attack, prey, dir }) => {
    assert.equal(withoutPrivate(await attack()), []);
    assert.equal(namedProcesses(prey.name), []);
    assert.equal(prey.reached, []);
    assert.is(await readFile(join(dir, 'data/token-key'), 'utf8'), 'a secret of the server');
    assert.not.ok(existsSync(join(dir, 'planted')));
  }),
);

testUnless(test, pythonMissing ?? partialMissing, 'without namespaces nothing gets through either', () =>
  withPrey(partial, async ({ attack, prey, dir }) => {
    assert.equal(await attack(), []);
    assert.equal(prey.reached, []);
    assert.not.ok(existsSync(join(dir, 'planted')));
  }),
);

/** What was written there was written into the run's own, if it is not to be found. */
function withoutPrivate(got: string[]): string[] {
  return got.filter((line) => {
    const isPrivate = line.startsWith(`writes ${PRIVATE_TMP}/`);
    return !isPrivate || existsSync(line.slice('writes '.length));
  });
}

async function startProgram(
  dir: string,
  prey: Prey,
  uid?: number,
): Promise<{ child: ChildProcess; out: () => string }> {
  const runDir = join(dir, 'server');
  await mkdir(runDir);
  if (uid !== undefined) {
    await chmod(dir, 0o755);
    await chown(runDir, uid, uid);
  }
  const child = spawn(process.execPath, ['-C', 'development', PROGRAM, runDir, prey.file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return { child, out: () => out };
}

const notRoot = isRoot ? null : 'this is an ordinary user already';
for (const [whose, uid, why] of [
  ['', undefined, reason],
  [' of an ordinary user', NOBODY, reason ?? notRoot],
] as const)
  testUnless(test, why, `nothing outlives a server${whose} that is killed`, () =>
    withPrey(null, async ({ dir, prey }) => {
      const text = JSON.parse(await readFile(prey.file, 'utf8')) as object;
      await writeFile(prey.file, JSON.stringify({ ...text, staysSeconds: 600 }));
      const { child } = await startProgram(dir, prey, uid);
      try {
        await waitFor(() => namedProcesses(prey.name).length > 0, {
          what: 'the one in hiding',
          deadlineMs: 60_000,
        });
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
      await waitFor(() => namedProcesses(prey.name).length === 0, { what: 'its end' });
      await waitFor(() => namedProcesses(prey.file).length === 0, { what: 'the end of the engine' });
    }),
  );

testUnless(test, reason ?? notRoot, 'for an ordinary user it is the same', () =>
  withPrey(null, async ({ dir, prey }) => {
    const { child, out } = await startProgram(dir, prey, NOBODY);
    const [code] = (await settles(once(child, 'exit'), { deadlineMs: 60_000 })) as [number];
    assert.is(code, 0);
    assert.equal(withoutPrivate(out().trim().split('\n')), ['level full', 'ended 0']);
    assert.not.ok(existsSync(join(dir, 'planted')));
    assert.equal(namedProcesses(prey.name), []);
  }),
);

testUnless(test, reason, 'an engine that takes too much memory is ended, alone or with many children', () =>
  withPrey(
    sandbox,
    async ({ python }) => {
      const fill = 'held = []\nwhile True: held.append(b"x" * (8 << 20))';
      const fork = 'import os\nfor _ in range(6): os.fork()';
      for (const code of [
        fill,
        `import os\nfor _ in range(8):\n  if os.fork() == 0:\n    held = b"x" * (40 << 20)\n    break\nos.setsid() if os.getpid() != os.getpgrp() else None\nimport time; time.sleep(600)`,
      ])
        assert.is(await codeOf(python(code)), 'too_complex', code);
      assert.is(
        await codeOf(python(`${fork}\nimport time; time.sleep(600)`)),
        'too_complex',
        'too many processes',
      );
    },
    LIMITS,
  ),
);

testUnless(test, pythonMissing, 'memory is limited without any sandbox too', () =>
  withPrey(
    { level: 'limits', reason: 'This is a test.', remedy: null },
    async ({ python }) => {
      const fill = 'held = []\nwhile True: held.append(b"x" * (8 << 20))';
      assert.is(await codeOf(python(fill)), 'too_complex');
    },
    LIMITS,
  ),
);

testUnless(test, reason, 'what it leaves in its folder leads nowhere, and our notes there stay ours', () =>
  withPrey(sandbox, async ({ python, dir, prey }) => {
    const cwd = join(dir, 'work');
    await mkdir(join(cwd, 'deep'), { recursive: true });
    await writeFile(join(cwd, 'note.json'), 'ours');
    const code = [
      'import os, socket',
      `secret = ${JSON.stringify(join(dir, 'data/token-key'))}`,
      'os.symlink(secret, "media.mp4"); os.symlink(secret, "deep/media.mp4"); os.symlink("/", "all")',
      'os.mkfifo("pipe"); socket.socket(socket.AF_UNIX).bind("socket")',
      'open("file", "w").write("x"); open("forged.json", "w").write("x")',
      'def tried(call):',
      '    try: call(); print("got through")',
      '    except OSError: pass',
      'tried(lambda: open("note.json", "w")); tried(lambda: os.unlink("note.json"))',
      'tried(lambda: os.rename("file", "note.json")); tried(lambda: os.rename("note.json", "x"))',
      'tried(lambda: os.link("/etc/ld.so.cache", "linked"))',
    ].join('\n');
    assert.is(await python(code, { cwd }), '');
    assert.equal((await readdir(cwd, { recursive: true })).sort(), ['deep', 'file', 'note.json']);
    assert.is(await readFile(join(cwd, 'note.json'), 'utf8'), 'ours');
    assert.equal(prey.reached, []);
  }),
);

testUnless(test, reason, 'what it may write has an end: one file, and the memory that looks like files', () =>
  withPrey(
    sandbox,
    async ({ python, dir }) => {
      const code = (path: string) =>
        `import os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nn = 0\ntry:\n  with open(${JSON.stringify(path)}, 'wb', 0) as file:\n    while n < 300 << 20: n += file.write(bytes(1 << 20))\nexcept OSError: pass\nprint(n >> 20)`;
      const cwd = join(dir, 'work');
      await mkdir(cwd);
      assert.is(await python(code('large'), { cwd }), '32\n');
      for (const path of [join(PRIVATE_TMP, 'x'), '/dev/shm/x', '/dev/x', '/x'])
        assert.ok(Number(await python(code(path), { cwd })) <= 64, path);
    },
    LIMITS,
  ),
);

test.run();
