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
import { createHttpClient } from '#lib/annie/http/client.server.ts';
import { downloadFile, type FileOptions } from '#lib/annie/http/file/download.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { sha256Of } from '../../site/content.ts';
import {
  honest,
  type OddAnswer,
  type OddFile,
  type OddRequest,
  part,
  startOddOrigin,
} from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';
import { newFileOf, ODD_ROWS, type OddRow, unversionedOf } from './odd-answers.ts';

const MiB = 1024 * 1024;
const HELD_AT = Math.round(1.1 * MiB);
const MAP = 'http-state.json';

type Answer = (request: OddRequest) => OddAnswer;
const origin = await startOddOrigin();
/** By path: each case has one of its own, so that many can go on at once. */
const answers = new Map<string, Answer>();
origin.answer = (request) => {
  const answer = answers.get(request.path.replace('-elsewhere', ''));
  assert.ok(answer, request.path);
  return answer(request);
};
const guard = openGuard();
const client = createHttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const options: FileOptions = { client, guard, maxConnections: 1, stallMs: 10_000, syncAtEnd: false };

let cases = 0;
function serve(answer: Answer): string {
  const path = `/clip-${++cases}.mp4`;
  answers.set(path, answer);
  return origin.url + path;
}

test.after(async () => {
  await client.close();
  await origin.close();
  await removeDirs();
});

/** How it ended: the name of the file whose bytes are there, or the code. */
async function outcome(url: string, workDir: string, file: OddFile, more = {}): Promise<string> {
  try {
    const running = downloadFile(jobFor(url, workDir), { ...options, ...more });
    const { path, bytes } = await settles(running, { deadlineMs: 60_000 });
    const hash = await hashOf(path);
    for (const [name, { seed, size }] of [
      ['the file', file],
      ['the new file', newFileOf(file)],
      ['the unversioned file', unversionedOf(file)],
    ] as const) {
      if (bytes === size && hash === sha256Of(seed, size)) return name;
    }
    return `complete with ${bytes} of ${file.size} bytes`;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown.code;
    throw thrown;
  }
}

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

/** Of more than 16 MiB, from a server that is slow: other connections ask for the later half of it. */
const large: OddFile = { seed: 64, size: 17 * MiB, etag: '"v1"' };
const SLOW = 5 * MiB;
const helped = new Map<OddRow, Promise<{ end: string; later: number }>>();

async function withHelp(row: OddRow): Promise<{ end: string; later: number }> {
  let later = 0;
  const url = serve((request) => {
    if (!request.from) return { ...honest(large, request), bytesPerSecond: SLOW };
    later++;
    // What a helper gave up is asked for again in the end, by the connection that did the rest.
    if (later > 4) return part(large, request);
    return row.answer(large, { ...request, from: request.from });
  });
  const end = await outcome(url, await freshDir(), large, { maxConnections: 3 });
  return { end, later };
}

test.before(() => {
  for (const row of ODD_ROWS) helped.set(row, withHelp(row));
});
for (const row of ODD_ROWS) {
  test(`${row.what} to a second connection harms nothing`, async () => {
    const { end, later } = (await helped.get(row)) ?? { end: 'nothing', later: 0 };
    assert.is(end, 'the file');
    assert.ok(later > 0, 'no second connection was opened');
  });
}

test.run();
