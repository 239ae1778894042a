/** Odd responses to the first request for a file, compared with themselves and with those of an earlier attempt. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { type OddAnswer, type OddFile, type OddRequest, part, whole } from '../../site/odd-origin.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { killWhen } from './kill-download.ts';
import { freshDir, jobFor } from './kit.ts';
import { emptyBody, unversionedOf } from './odd-bodies.ts';
import { type OddHandler, openOddKit } from './odd-kit.ts';

const { serve, outcome, options, close } = await openOddKit();
const file: OddFile = { seed: 67, size: 2_000_000, etag: '"v1"' };
const unversioned: OddFile = { ...file, etag: null };
const type = { 'content-type': 'video/mp4' };
test.after(close);

/** 200 with the first `end` bytes. */
const start = (of: OddFile, end: number, headers: Record<string, string | number> = {}): OddAnswer => ({
  status: 200,
  headers: {
    ...type,
    ...(of.etag === null ? {} : { etag: of.etag }),
    'content-length': end,
    ...headers,
  },
  body: { file: of, start: 0, end },
});
const ranged = (of: OddFile, request: OddRequest, end: number): OddAnswer =>
  part(of, { from: request.from, to: Math.min(request.to ?? end, (request.from ?? 0) + end) });

for (const [what, answer, end] of [
  ['a 206 of the first part, of a version', (request) => ranged(file, request, 900_000), 'the file'],
  [
    'a 200 of the first part with its Content-Range, of a version',
    (request) => {
      const { headers, body } = ranged(file, request, 900_000);
      return { status: 200, headers, body };
    },
    'the file',
  ],
  [
    'a 200 of the first part with its Content-Range, of no version, where the whole can be had',
    (request) =>
      request.from === null
        ? whole(unversioned)
        : start(unversioned, 900_000, { 'content-range': `bytes 0-899999/${file.size}` }),
    'the file',
  ],
  [
    'a 200 of the first part with its Content-Range, whatever is asked',
    () => start(unversioned, 900_000, { 'content-range': `bytes 0-899999/${file.size}` }),
    'remote_status',
  ],
  [
    'a 206 of the first part of no version, and as much as the whole',
    (request) =>
      request.from === null ? start(unversioned, 900_000) : ranged(unversioned, request, 900_000),
    'remote_contradiction',
  ],
  [
    'a 206 of the first part of no version, and as much as the whole without a length',
    (request) =>
      request.from === null
        ? { status: 200, headers: type, body: { file, start: 0, end: 900_000 } }
        : ranged(unversioned, request, 900_000),
    'remote_contradiction',
  ],
  [
    'a 206 that begins later, and less than its total as the whole',
    (request) => (request.from === null ? start(file, 900_000) : part(file, { from: 1000, to: null })),
    'remote_contradiction',
  ],
  [
    'a 200 with a Content-Range of everything',
    () => ({
      ...whole(file),
      headers: { ...whole(file).headers, 'content-range': 'bytes 0-1999999/2000000' },
    }),
    'the file',
  ],
  [
    'a 200 of all bytes and the Content-Range of fewer',
    () => ({ ...whole(file), headers: { ...whole(file).headers, 'content-range': 'bytes 0-99/2000000' } }),
    'remote_status',
  ],
  [
    'a 200 with a Content-Range that cannot be read',
    () => ({ ...whole(file), headers: { ...whole(file).headers, 'content-range': 'bytes everything' } }),
    'the file',
  ],
  [
    'a chunked 206 that goes on past its range',
    (request) => {
      const { headers, status } = part(unversioned, request);
      const { 'content-length': _, ...chunked } = headers;
      if (request.from === null) return whole(unversioned);
      return { status, headers: chunked, body: { file, start: 0, end: file.size + 1 } };
    },
    'the file',
  ],
  ...([0, 400, 403, 500, 501] as const).map((status): [string, OddHandler, string] => [
    status === 0 ? 'a reset connection, and all without a range' : `a ${status}, and all without a range`,
    (request) => (request.from === null ? whole(file) : emptyBody(status, { 'content-length': 0 })),
    'the file',
  ]),
  ['a 503', () => emptyBody(503, { 'content-length': 0, 'retry-after': 1 }), 'remote_busy'],
  ['a 204', () => ({ status: 204, headers: type, body: Buffer.alloc(0) }), 'remote_status'],
  [
    'a body that is longer than it says',
    () => ({ ...whole(file), body: { file, start: 0, end: 2_001_000 } }),
    'the file',
  ],
  [
    'a body that is shorter than it says',
    () => ({ ...whole(file), body: { file, start: 0, end: 1_999_000 } }),
    'size_mismatch',
  ],
] as [string, OddHandler, string][]) {
  test(`${what}, is ${end}`, async () => {
    assert.is(await outcome(serve(answer), await freshDir(), file), end);
  });
}

for (const size of [file.size, 500_000]) {
  test(`the next attempt knows the size that a failed one was given, also without ranges: ${size}`, async () => {
    const workDir = await freshDir();
    let isFirst = true;
    const failing = { ...file, size };
    const url = serve(() =>
      isFirst ? { ...whole(failing), stop: { after: size - 9, how: 'cut' } } : start(failing, 400_000),
    );
    assert.is(await outcome(url, workDir, failing), 'size_mismatch');
    isFirst = false;
    assert.is(await outcome(url, workDir, failing), 'remote_contradiction');
  });
}

test('the next attempt knows the size that a killed one was given', async () => {
  const workDir = await freshDir();
  let isFirst = true;
  const url = serve(() =>
    isFirst ? { ...whole(file), stop: { after: 1_200_000, how: 'hold' } } : start(file, 900_000),
  );
  await killWhen(url, workDir, (map) => map.includes('"v1'));
  isFirst = false;
  assert.is(await outcome(url, workDir, file), 'remote_contradiction');
});

test('a response without validators does not make a version forgotten', async () => {
  const workDir = await freshDir();
  const answers: OddHandler[] = [
    (request) => ({ ...part(file, request), stop: { after: 1_200_000, how: 'hold' } }),
    () => ({ ...whole(unversionedOf(file)), stop: { after: 300_000, how: 'hold' } }),
    () => start(file, 900_000),
  ];
  const url = serve((request) => (answers[0] as OddHandler)(request));
  for (const bytes of [1_200_000, 300_000]) {
    const abort = new AbortController();
    const job = jobFor(url, workDir, { signal: abort.signal });
    const running = downloadFile(job, options).catch(() => undefined);
    await waitFor(() => job.samples.at(-1)?.receivedBytes === bytes, { what: `${bytes} bytes` });
    abort.abort();
    await settles(running);
    answers.shift();
  }
  assert.is(await outcome(url, workDir, file), 'remote_contradiction');
});

test.run();
