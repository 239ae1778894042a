/** What kill -9 costs: what was written is not requested again. How much is sent until it is written: `tests/long/`. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { BODY_FILE } from '#lib/annie/http/file/saved-state.server.ts';
import { contentPieces, sha256Of } from '../../site/content.ts';
import { honest, type OddFile, startOddOrigin } from '../../site/odd-origin.ts';
import { readers } from '../../support/readers.ts';
import { settles } from '../../support/wait.ts';
import { killWhen } from './kill-download.ts';
import { freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const MB = 1_000_000;
/** Of each connection; then it stalls. */
const HELD = 900_001;
const origin = await startOddOrigin();
/** One connection, which requests what is missing piece by piece. */
const engine = new HttpEngine({ guard: openGuard(), readers, maxConnections: 1 });

const startsSince = (count: number): number[] =>
  [...new Set(origin.asked.slice(count).map(({ from }) => from ?? 0))].sort((a, b) => a - b);

for (const [what, size, connections] of [
  ['one connection', 4 * MB, 1],
  ['several connections', 24 * MB, 4],
] as const) {
  test(`after kill -9 over ${what} only what was not written is requested`, async () => {
    const file: OddFile = { seed: 7, size, etag: '"v1"' };
    const content = Buffer.concat([...contentPieces(file.seed, 0, size)]);
    const workDir = await freshDir();
    const url = `${origin.url}/${connections}.bin`;
    const before = origin.asked.length;
    origin.answer = (request) => ({ ...honest(file, request), stop: { after: HELD, how: 'hold' } });
    await killWhen(url, workDir, async (state) => {
      const starts = startsSince(before);
      return state !== '' && starts.length === connections && (await isWritten(workDir, content, starts));
    });
    const held = startsSince(before);

    origin.answer = (request) => honest(file, request);
    const resumed = origin.asked.length;
    const { path } = await settles(engine.download(jobFor(url, workDir)));
    assert.is(await hashOf(path), sha256Of(file.seed, size));
    // The file does not show whether a zero at the end of what was written is one of its bytes.
    const shown = (start: number): number => {
      let end = start + HELD;
      while (content[end - 1] === 0) end--;
      return end;
    };
    const starts = startsSince(resumed);
    assert.equal(
      starts.map((start, n) => start >= shown(held[n] ?? 0) && start <= (held[n] ?? 0) + HELD),
      held.map(() => true),
      `held ${held.join()}, requested ${starts.join()}`,
    );
  });
}

/** Whether the file has what each connection has got before it stalled. */
async function isWritten(workDir: string, content: Buffer, starts: readonly number[]): Promise<boolean> {
  const body = await open(join(workDir, BODY_FILE)).catch(() => null);
  if (body === null) return false;
  try {
    const bytes = Buffer.alloc(HELD);
    for (const start of starts) {
      const { bytesRead } = await body.read(bytes, 0, HELD, start);
      if (bytesRead < HELD || !bytes.equals(content.subarray(start, start + HELD))) return false;
    }
    return true;
  } finally {
    await body.close();
  }
}

test.after(async () => {
  await engine.close();
  await origin.close();
  await removeDirs();
});

test.run();
