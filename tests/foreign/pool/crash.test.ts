/** A text may end the process that reads it, in any way: nothing else ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReaderPool, type ReadersOptions } from '#lib/foreign/pool/reader-pool.server.ts';
import { statOf } from '#lib/process/process-group.server.ts';
import { usageInPs } from '#lib/process/process-usage.server.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { noProc } from '../../process/machine.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';

const program = join(import.meta.dirname, 'crashing-reader.ts');
/** Enough on a busy machine for what ends by itself. */
const PATIENT = { program, smallCpuMs: 30_000, cpuMs: 30_000, wallMs: 60_000 };

async function withReaders(
  options: ReadersOptions,
  body: (read: (deed: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const pool = new ReaderPool(options);
  const read = (url: string): Promise<unknown> =>
    settles(pool.read('page', { chunks: [], url }, new AbortController().signal), { deadlineMs: 90_000 });
  try {
    await body(read);
  } finally {
    await settles(pool.close());
    assert.is(pool.processes, 0);
  }
}

async function errorOf(promise: Promise<unknown>): Promise<SluiceError> {
  return promise.then(
    (value) => assert.unreachable(`it was read: ${JSON.stringify(value)}`) as never,
    (error: unknown) => error as SluiceError,
  );
}

test('a process that ends in a read is too_complex and final, and the next text is read', async () => {
  const crashes: string[] = [];
  await withReaders({ ...PATIENT, onCrash: (how) => crashes.push(how) }, async (read) => {
    for (const deed of ['native allocation', 'abort', 'segmentation fault', 'exit']) {
      const { code, transient } = await errorOf(read(deed));
      assert.equal([deed, code, transient], [deed, 'too_complex', false]);
    }
    assert.type(await read('pid'), 'number');
  });
  assert.equal(crashes, ['SIGABRT', 'SIGABRT', 'SIGSEGV', 'exit code 0']);
});

testUnless(test, noProc, 'bytes outside of the heap count, at once or many', () =>
  withReaders({ ...PATIENT, maxRssMb: 200 }, async (read) => {
    for (const deed of ['one great allocation', 'bytes outside of the heap'])
      assert.is((await errorOf(read(deed))).code, 'too_complex', deed);
  }),
);

test('an answer that is too long is too_complex', () =>
  withReaders(PATIENT, async (read) =>
    assert.is((await errorOf(read('a long answer'))).code, 'too_complex'),
  ));

test('neither a loop nor native code outlasts the CPU limit', () =>
  withReaders({ program, smallCpuMs: 20, wallMs: 60_000 }, async (read) => {
    for (const deed of ['loop', 'native code']) {
      const { code, message } = await errorOf(read(deed));
      assert.equal([code, message], ['too_complex', 'It took too long to read.'], deed);
    }
  }));

test('a process that was stopped does not outlast the limit by the clock', () =>
  withReaders({ program, wallMs: 500 }, async (read) =>
    assert.is((await errorOf(read('stopped'))).code, 'too_complex'),
  ));

test('a reader opens no file, starts no program and makes no code', () =>
  withReaders(PATIENT, async (read) => {
    for (const [deed, words] of [
      ['a file', 'FileSystemRead|allow-fs-read'],
      ['a program', 'ChildProcess|allow-child-process'],
      ['code', 'Code generation'],
    ] as const)
      assert.match(String((await errorOf(read(deed))).cause), new RegExp(words));
  }));

testUnless(test, noProc, "a reader has nothing of the server's environment", async () => {
  process.env['SLUICE_TEST_SECRET'] = 'hunter2';
  await withReaders(PATIENT, async (read) => {
    const pid = (await read('pid')) as number;
    // PWD is the shell's.
    assert.match(
      readFileSync(`/proc/${pid}/environ`, 'utf8'),
      /^(PATH=[^\0]*\0|PWD=\/\0|SHLVL=\d\0|_=[^\0]*\0)+$/,
    );
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  });
});

test('the signals of a service manager end no reader', () =>
  withReaders(PATIENT, async (read) => {
    const pid = (await read('pid')) as number;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    assert.is(await read('pid'), pid);
  }));

for (const deed of ['loop', 'native code'])
  testUnless(test, noProc, `a reader in ${deed} does not outlive a server that is killed`, async () => {
    const server = spawn(process.execPath, [join(import.meta.dirname, 'blocked-server.ts'), deed], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const pid = Number(await waitFor(() => /reader (\d+)\n/.exec(printed)?.[1], { what: 'a reader' }));
    const idleTicks = statOf(pid)?.cpuTicks ?? 0;
    await waitFor(() => (statOf(pid)?.cpuTicks ?? 0) > idleTicks + 5, { what: 'the reader to be busy' });
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await settles(exited);
    await waitFor(() => [undefined, 'Z', 'X'].includes(statOf(pid)?.state), { what: 'the reader to end' });
  });

test('what ps prints is read in all its forms', () => {
  assert.equal(usageInPs('  0:01.25  2048\n'), { cpuMs: 1250, rssBytes: 2_097_152 });
  assert.equal(usageInPs('1-02:03:04 1'), { cpuMs: 93_784_000, rssBytes: 1024 });
  assert.is(usageInPs(''), null);
});

test.run();
