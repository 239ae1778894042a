/** Downloads of yt-dlp that are interrupted in the middle of their file, from an origin with responses of every kind. */
import { readFile } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { sha256Of } from '../../site/content.ts';
import {
  honest,
  type OddAnswer,
  type OddFile,
  type OddRequest,
  startOddOrigin,
} from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { type YtDlpFixture, deadline, hashOf } from './fixture.ts';

export const MiB = 1024 * 1024;
export const file: OddFile = { seed: 91, size: 3 * MiB, etag: '"v1"' };
export const newFile: OddFile = { seed: 92, size: 3 * MiB + 777, etag: '"v2"' };
/** Another version of the same size. */
export const twin: OddFile = { seed: 93, size: 3 * MiB, etag: '"v3"' };
const type = { 'content-type': 'video/mp4' };
export const origin = await startOddOrigin();

/** 200 with the bytes from there on. */
export const rest = (from: number): OddAnswer => ({
  status: 200,
  headers: { ...type, etag: '"v1"', 'content-length': file.size - from },
  body: { file, start: from, end: file.size },
});

/** Slow enough to be aborted in the middle of the file. */
const slow = (request: OddRequest): OddAnswer => ({ ...honest(file, request), bytesPerSecond: 2 * MiB });

/** Which file was downloaded, or the code. */
export async function outcome({ fetch }: YtDlpFixture, url: string): Promise<string> {
  try {
    const { path } = await fetch(url);
    const hash = hashOf(await readFile(path));
    for (const [name, { seed, size }] of Object.entries({
      'the file': file,
      'the new file': newFile,
      'the twin': twin,
    })) {
      if (hash === sha256Of(seed, size)) return name;
    }
    return `complete with ${(await readFile(path)).length} bytes`;
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  }
}

/** A response with these headers changed; null removes one. */
export function change(answer: OddAnswer, headers: Record<string, string | number | null>): OddAnswer {
  const all = Object.entries({ ...answer.headers, ...headers }).filter(([, value]) => value !== null);
  return { ...answer, headers: Object.fromEntries(all) as OddAnswer['headers'] };
}

export type Answer = (request: OddRequest) => OddAnswer;

/** Aborts a download in the middle of its file and resumes it with `then`. */
export async function interrupted(
  fixture: YtDlpFixture,
  then: Answer,
  first: Answer = slow,
): Promise<string> {
  const url = `${origin.url}/clip.mp4`;
  origin.answer = first;
  const abort = new AbortController();
  const running = fixture.engine.download(fixture.job(url, { signal: abort.signal })).catch(() => undefined);
  await waitFor(() => (fixture.received.samples.at(-1)?.receivedBytes ?? 0) >= MiB, { what: 'a MiB' });
  abort.abort();
  await settles(running, deadline);
  origin.asked.length = 0;
  origin.answer = then;
  return outcome(fixture, url);
}

/** Chunked, so that no size is announced; the rest when a range is requested. */
export const unsized: Answer = ({ from }) => change(rest(from ?? 0), { 'content-length': null });
export const slowly = (answer: Answer): Answer => {
  return (request) => ({ ...answer(request), bytesPerSecond: 2 * MiB });
};
/** First bytes of the requests since the interruption; the first request only probes the address. */
export const rangesAsked = (): (number | null)[] => origin.asked.slice(1).map(({ from }) => from);

/** Asserts that the rest was fetched by one request. */
export function askedOnceForTheRest(ifRange: string | null): void {
  const [from, ...more] = rangesAsked();
  assert.ok((from ?? 0) >= MiB / 2);
  assert.equal(more, []);
  assert.is(origin.asked[1]?.ifRange, ifRange);
}

/** Answers to a range; without one the server is correct. */
export const toRange = (of: OddFile, answer: Answer): Answer => {
  return (request) => (request.from ? answer(request) : honest(of, request));
};

/** The connection breaks after a MiB of `first`, and yt-dlp itself resumes it with `then`. */
export async function broken(fixture: YtDlpFixture, then: Answer, first: Answer): Promise<string> {
  origin.asked.length = 0;
  origin.answer = (request) => {
    // the first request only probes the address
    const isCut = request.count === 2;
    return isCut ? { ...first(request), stop: { after: MiB, how: 'cut' } } : then(request);
  };
  return outcome(fixture, `${origin.url}/clip.mp4`);
}
