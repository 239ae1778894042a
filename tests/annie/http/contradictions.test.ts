/**
 * What a server says of a file is held against what is known of it: whatever it answers in the middle, a file that is
 * complete has the bytes of one version, all of them. By odd answer, by path, and by how the download was interrupted.
 */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { honest, type OddFile } from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir, jobFor } from './kit.ts';
import { ODD_ROWS, type OddRow } from './odd-answers.ts';
import { type Answer, openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
const HELD_AT = Math.round(1.1 * MiB);
const MAP = 'http-state.json';
const { serve, outcome, options, close } = await openOddKit();
test.after(close);

/** Answers oddly whoever asks for the rest, or `always` everybody. */
function oddly({ answer }: OddRow, file: OddFile, always: boolean): Answer {
  return (request) => {
    const isRest = (request.from ?? 0) > 0;
    if (!always && !isRest && !request.path.endsWith('-elsewhere')) return honest(file, request);
    return answer(file, { ...request, from: isRest ? (request.from ?? 0) : HELD_AT });
  };
}

const holding =
  (file: OddFile): Answer =>
  (request) => ({
    ...honest(file, request),
    stop: { after: Math.max(0, HELD_AT - (request.from ?? 0)), how: 'hold' },
  });

interface Left {
  url: string;
  workDir: string;
}

/** A work dir with the first bytes, as a pause leaves it. */
async function paused(file: OddFile): Promise<Left> {
  const left = { url: serve(holding(file)), workDir: await freshDir() };
  const abort = new AbortController();
  const job = jobFor(left.url, left.workDir, { signal: abort.signal });
  const running = downloadFile(job, options).catch(() => undefined);
  await waitFor(() => job.samples.at(-1)?.receivedBytes === HELD_AT, { what: 'the held bytes' });
  abort.abort();
  await settles(running);
  return left;
}

/** The same, as kill -9 leaves it. */
async function killed(file: OddFile): Promise<Left> {
  const left = { url: serve(holding(file)), workDir: await freshDir() };
  const script = join(import.meta.dirname, 'fetch-child.ts');
  const child = spawn(process.execPath, ['-C', 'development', script, left.url, left.workDir], {
    stdio: 'ignore',
  });
  const exit = once(child, 'exit');
  const map = (): Promise<string> => readFile(join(left.workDir, MAP), 'utf8').catch(() => '');
  await waitFor(async () => (await map()).includes(`,${HELD_AT}]`), { what: 'the map of the held bytes' });
  child.kill('SIGKILL');
  await settles(exit);
  return left;
}

/** The same work dir for another address. */
async function copyOf({ url, workDir }: Left, to: string): Promise<string> {
  const copy = await freshDir();
  await cp(workDir, copy, { recursive: true });
  const map = await readFile(join(copy, MAP), 'utf8');
  await writeFile(join(copy, MAP), map.replace(url, to));
  return copy;
}

for (const [path, size] of [
  ['the kept client', 2 * MiB],
  // More than 8 MiB are left, so that the fast path is tried for the rest.
  ['the fast path', 10 * MiB],
] as const) {
  const file: OddFile = { seed: 61, size, etag: '"v1"' };
  const left = new Map<string, Promise<Left>>();
  const interrupted = async (how: 'pause' | 'kill -9', answer: Answer): Promise<string> => {
    const of = left.get(how) ?? (how === 'pause' ? paused(file) : killed(file));
    left.set(how, of);
    const url = serve(answer);
    return outcome(url, await copyOf(await of, url), file);
  };
  const broken = async (answer: Answer): Promise<string> => {
    const url = serve((request) =>
      request.from === 0
        ? { ...honest(file, request), stop: { after: HELD_AT, how: 'cut' } }
        : answer(request),
    );
    return outcome(url, await freshDir(), file);
  };

  for (const row of ODD_ROWS) {
    test(`${row.what} in answer to who asks for the rest, with ${path}`, async () => {
      const ends = async (always: boolean): Promise<Record<string, string>> => {
        const answer = oddly(row, file, always);
        const [pause, kill, reconnect] = await Promise.all([
          interrupted('pause', answer),
          interrupted('kill -9', answer),
          broken(answer),
        ]);
        return { pause, kill, reconnect };
      };
      const all = (end: string): Record<string, string> => ({ pause: end, kill: end, reconnect: end });
      const [once, always] = await Promise.all([ends(false), ends(true)]);
      assert.equal({ once, always }, { once: all(row.once), always: all(row.always) });
    });
  }
}

test.run();
