/** What is executed for a run on each level, and how the levels are found out. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Outlet } from '#lib/process/process-host.ts';
import { statOf } from '#lib/process/process-group.server.ts';
import { proxyEnvironment } from '#lib/process/run-proxy.ts';
import { contain, type RunToContain } from '#lib/process/sandbox/contained.server.ts';
import { firstProcess } from '#lib/process/sandbox/first-process.server.ts';
import { probeSandbox } from '#lib/process/sandbox/probe.server.ts';
import { syscallFilter } from '#lib/process/sandbox/syscall-filter.ts';
import { DEFAULT_LIMITS, type FullSandbox, type PartialSandbox } from '#lib/process/sandbox/sandbox.ts';
import { partialMissing } from '../../support/sandbox.ts';
import { testUnless } from '../../support/skip.ts';
import { missing, toolPath } from '../../support/tools.ts';
import { noProc, withDir } from '../machine.ts';

const PYTHON = '/usr/bin/python-of-the-sandbox';
const ENGINE = '/opt/engine';
const tools = { python: PYTHON, pythonReads: [], places: [{ path: '/usr', linkTo: null }] };
const full: FullSandbox = {
  level: 'full',
  bwrap: '/usr/bin/bwrap',
  version: '1',
  base: ['--base'],
  ...tools,
};
const partial: PartialSandbox = { level: 'partial', reason: 'A test.', remedy: null, ...tools };
const outlet: Outlet = { serve: () => undefined, url: () => 'http://run:secret@127.0.0.1:4567' };

const run = (more: Partial<RunToContain> = {}): RunToContain => ({
  ...{ argv: [ENGINE, 'a b'], cwd: '/job', reads: [], kept: [], outlet: null },
  limits: { ...DEFAULT_LIMITS, processes: 7 },
  ...more,
});

test('in namespaces a run without a network is the command under bubblewrap, with its number of threads limited', () => {
  const { argv, env, handsOver, filter } = contain(full, run());
  assert.equal(argv.slice(0, 10), [
    ...['/usr/bin/bwrap', '--base', '--bind', '/job', '/job', '--remount-ro', '/', '--chdir', '/job'],
    '--json-status-fd',
  ]);
  const begin = argv.indexOf('--');
  assert.equal(argv.slice(11, begin), filter === null ? [] : ['--seccomp', '6']);
  assert.equal(filter, syscallFilter(process.arch, true));
  assert.equal(argv.slice(begin + 1, begin + 3), ['/bin/sh', '-c']);
  assert.equal(argv.slice(begin + 4), ['56', ENGINE, 'a b']);
  assert.equal([env, handsOver], [{}, false]);
});

test('in namespaces a run with a network hands its listener over first, and gets no password', () => {
  const { argv, env, handsOver } = contain(full, run({ outlet }));
  const begin = argv.indexOf('--') + 1;
  assert.equal(argv.slice(begin, begin + 4), [PYTHON, '-I', '-S', '-c']);
  assert.match(argv[begin + 4]!, 'NODE_CHANNEL_FD');
  assert.equal(argv.slice(begin + 5, begin + 8), ['3128', '/bin/sh', '-c']);
  assert.equal([env, handsOver], [proxyEnvironment('http://127.0.0.1:3128'), true]);
  assert.not.match(argv.join(' '), 'secret');
});

test('only what exists of what a run reads is mounted', () =>
  withDir(async (dir) => {
    const [there, missing] = [join(dir, 'there'), join(dir, 'missing')];
    await writeFile(there, '');
    const { argv } = contain(full, run({ reads: [there, missing] }));
    assert.ok(argv.join(' ').includes(`--ro-bind ${there} ${there}`));
    assert.not.ok(argv.includes(missing));
  }));

test('without namespaces the command restricts itself: to its folder, what it reads, and the port of the proxy', () => {
  const { argv, env, handsOver } = contain(partial, run({ outlet, reads: ['/opt/data'] }));
  assert.equal(argv.slice(0, 4), [PYTHON, '-I', '-S', '-c']);
  assert.match(argv[4]!, 'Landlock');
  const given = JSON.parse(argv[5]!) as { filter: string | null };
  assert.equal(given, { read: ['/usr', '/opt/data'], write: ['/job'], port: 4567, filter: given.filter });
  const filter = syscallFilter(process.arch, false);
  assert.is(given.filter, filter === null ? null : Buffer.from(filter).toString('base64'));
  assert.equal(argv.slice(6), [ENGINE, 'a b']);
  assert.equal([env, handsOver], [proxyEnvironment(outlet.url()), false]);
  assert.is((JSON.parse(contain(partial, run()).argv[5]!) as { port: unknown }).port, null);
});

test('without a sandbox the command is as it is, told of the proxy where it has one', () => {
  for (const sandbox of [null, { level: 'limits', reason: 'A test.', remedy: null } as const]) {
    assert.equal(contain(sandbox, run()), { argv: [ENGINE, 'a b'], env: {}, handsOver: false, filter: null });
    assert.equal(contain(sandbox, run({ outlet })).env, proxyEnvironment(outlet.url()));
  }
});

testUnless(test, noProc, 'the first process is read from the report, however that is cut', async () => {
  const report = `{ "child-pid": ${process.pid}, "cgroup-namespace": 1 }\n`;
  const whole = Readable.from([Buffer.from(report.slice(0, 9)), Buffer.from(report.slice(9))]);
  const first = firstProcess(whole);
  assert.is(first(), null);
  await new Promise((resolve) => whole.once('end', resolve));
  assert.equal(first(), { pid: process.pid, startTicks: statOf(process.pid)!.startTicks });

  const long = Readable.from([Buffer.alloc(5000, ' '), Buffer.from(report)]);
  const none = firstProcess(long);
  await new Promise((resolve) => long.once('end', resolve));
  assert.is(none(), null);
  assert.is(firstProcess(null)(), null);
});

testUnless(test, noProc, 'a bubblewrap that is missing or broken is said, with what to do', () =>
  withDir(async (dir) => {
    const probed = async (bwrap: string | null): Promise<PartialSandbox> => {
      if (bwrap !== null) await writeFile(join(dir, 'bwrap'), `#!/bin/sh\n${bwrap}\n`, { mode: 0o755 });
      const found = await probeSandbox(dir);
      assert.is.not(found.level, 'full');
      return found as PartialSandbox;
    };
    const absent = await probed(null);
    assert.match(absent.remedy!, 'apt-get install -y bubblewrap python3');
    if (absent.reason.startsWith('There is no python3')) return;
    assert.match(absent.reason, /^bubblewrap is not installed\./);
    const mute = await probed('exit 1');
    assert.match(mute.reason, /^bubblewrap of unknown version cannot be used \(/);
    const versioned = '[ "$1" = --version ] && echo "bubblewrap 9.8.7" && exit';
    const broken = await probed(`${versioned}\necho setup >&2; echo "it is broken" >&2; exit 1`);
    assert.match(broken.reason, /^bubblewrap 9\.8\.7 cannot be used \(it is broken\)\./);
    assert.match(broken.remedy!, 'allow user namespaces');
  }),
);

testUnless(test, missing('python3') ?? partialMissing, 'a python3 of PATH is asked what it really runs', () =>
  withDir(async (dir) => {
    const none = join(dir, 'none');
    const without = (await probeSandbox(dir, none)) as PartialSandbox;
    assert.is(without.level, 'limits');
    assert.is(without.reason, 'There is no python3, which sets sandboxes up.');
    const loader = `#!/bin/sh\nexec ${toolPath('python3')} "$@"\n`;
    await writeFile(join(dir, 'python3'), loader, { mode: 0o755 });
    const { python } = (await probeSandbox(dir, none)) as PartialSandbox;
    assert.ok(python.startsWith('/') && !python.startsWith(dir), python);
    await writeFile(join(dir, 'python3'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    assert.is((await probeSandbox(dir, none)).level, 'limits');
  }),
);

test.run();
