import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { sha256Of } from '../../site/content.ts';
import { startSite } from '../../site/site.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';
import { readers } from '../../support/readers.ts';

const site = await startSite();
const engine = new HttpEngine({ guard: openGuard(), readers });
const MiB = 1024 * 1024;

function start(url: string, workDir: string): { child: ChildProcess; bytes: () => number } {
  const script = join(import.meta.dirname, 'fetch-child.ts');
  const child = spawn(process.execPath, ['-C', 'development', script, url, workDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-100)));
  return { child, bytes: () => Number(text.trim().split('\n').at(-1) ?? 0) };
}

for (const [what, size, bytesPerSecond] of [
  ['one connection', 12 * MiB, 6 * MiB],
  ['several connections', 40 * MiB, 5 * MiB],
] as const) {
  test(`after repeated kill -9 over ${what} every byte is right in the end`, async () => {
    const workDir = await freshDir();
    const url = `${site.url}/file/killed.bin?size=${size}&rate=${bytesPerSecond}&seed=3`;
    for (const part of [0.3, 0.6, 0.8]) {
      const { child, bytes } = start(url, workDir);
      const exit = once(child, 'exit');
      await waitFor(() => bytes() > size * part || child.exitCode !== null, { what: `${part} of the file` });
      child.kill('SIGKILL');
      await settles(exit);
    }
    const job = jobFor(url, workDir);
    const result = await settles(engine.download(job));
    assert.is(await hashOf(result.path), sha256Of(3, size));
    assert.ok((job.samples[0]?.receivedBytes ?? 0) > 0, 'went on from what was there');
  });
}

test.after(async () => {
  await engine.close();
  await site.close();
  await removeDirs();
});

test.run();
