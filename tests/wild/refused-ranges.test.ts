/** Servers, firewalls and scripts that refuse each range, in their own way, and have the file for a request without one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshDir } from '../annie/http/kit.ts';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
const OCTETS = 'Content-Type: application/octet-stream';
const html = response('Content-Type: text/html', '<html><body>Ranges are not supported.');
origin.serve('/error', html);
origin.serve('/circle', response('HTTP/1.1 302 Found\r\nLocation: /circle'));

const lying = response(`HTTP/1.1 206 P\r\n${OCTETS}\r\nContent-Range: bytes 5-7/8`, 'abc');
const refusals: [what: string, answer: string | Buffer | null][] = [
  ['nothing', response(OCTETS)],
  ['an error in JSON', response('Content-Type: application/json', '{"error":"no ranges"}')],
  ['an error in XML', response('Content-Type: text/xml', '<Error/>')],
  ['words', response('Content-Type: text/plain', 'no ranges')],
  ['a page', html],
  ['a redirect to a page', response('HTTP/1.1 302 Found\r\nLocation: /error')],
  ['a redirect to nowhere', response('HTTP/1.1 302 Found\r\nLocation: /none')],
  ['a redirect in a circle', response('HTTP/1.1 302 Found\r\nLocation: /circle')],
  ['no HTTP', 'ERR bad range\r\n\r\n'],
  ['a reset', null],
  ['a close', ''],
  ['another part', lying],
  ...[400, 403, 404, 405, 406, 410, 416, 429, 500, 501, 503].map((status): [string, Buffer] => [
    `${status}`,
    response(`HTTP/1.1 ${status} X`),
  ]),
];

test('what each range is refused with is not the end: the file is requested once more without', async () => {
  const outcomes = await Promise.all(
    refusals.map(async ([what, answer], index) => {
      const url = origin.serve(`/refused-${index}.bin`, ({ headers }) =>
        headers.has('range') ? answer : response(OCTETS, 'file'),
      );
      const { state, body } = await kit.download(url);
      const without = origin
        .requestsFor(`/refused-${index}.bin`)
        .filter(({ headers }) => !headers.has('range'));
      // One more where the connection that it went over was just closed.
      return `${what}: ${state} ${body.toString()} ${without.length > 2 ? 'asked again and again' : 'asked once more'}`;
    }),
  );
  assert.equal(
    outcomes,
    refusals.map(([what]) => `${what}: complete file asked once more`),
  );
});

/** The first request is answered with the whole file, and cut; later ones with the part that they ask for, if `ranges`. */
function cutWhole(path: string, head: string, { ranges }: { ranges: boolean }): string {
  return origin.serve(path, ({ headers, count }) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1] ?? 0);
    const whole = response(`${OCTETS}\r\n${head}`, file);
    if (count === 1) return whole.subarray(0, whole.length - file.length / 2);
    if (!ranges || from === 0) return whole;
    const part = `HTTP/1.1 206 P\r\n${OCTETS}\r\n${head}`;
    return response(
      `${part}\r\nContent-Range: bytes ${from}-${file.length - 1}/${file.length}`,
      file.subarray(from),
    );
  });
}

/** More than what a look-up reads ahead. */
const file = Buffer.from(Array.from({ length: 4_000_000 }, (_, at) => (at * 7919) % 251));

test('a whole answer that is cut goes on where the server says that it can, as browsers do', async () => {
  for (const [path, head, ranges, asked] of [
    ['/cut-strong', 'ETag: "v1"\r\nAccept-Ranges: bytes', true, 'bytes=2000000-'],
    ['/cut-lying', 'ETag: "v1"\r\nAccept-Ranges: bytes', false, 'bytes=2000000-'],
    ['/cut-weak', 'ETag: W/"v1"\r\nAccept-Ranges: bytes', true, 'bytes=0-'],
    ['/cut-silent', 'ETag: "v1"', true, 'bytes=0-'],
  ] as const) {
    const url = cutWhole(path, head, { ranges });
    const workDir = await freshDir();
    assert.is((await kit.download(url, { workDir })).state, 'size_mismatch', path);
    const before = origin.requestsFor(path).length;
    const { state, body } = await kit.download(url, { workDir });
    assert.equal([state, body.equals(file)], ['complete', true], path);
    assert.is(origin.requestsFor(path)[before]?.headers.get('range'), asked, path);
  }
});

test('an empty file is one, and so is one that was good for a single request', async () => {
  const empty = await kit.download(origin.serve('/empty.bin', response(OCTETS)));
  assert.equal([empty.state, empty.body.length], ['complete', 0]);
  const url = origin.serve('/once.dat', ({ count }) =>
    response(count === 1 ? 'Content-Type: text/plain' : 'HTTP/1.1 410 Gone', count === 1 ? 'words' : ''),
  );
  assert.is((await kit.download(url)).body.toString(), 'words');
});

test('what is refused in either way has its own code', async () => {
  for (const [status, code] of [
    [404, 'remote_not_found'],
    ...[420, 421, 429, 503, 509].map((status) => [status, 'remote_busy'] as const),
  ] as const)
    assert.is((await kit.download(origin.serve('/gone.bin', response(`HTTP/1.1 ${status} X`)))).state, code);
  const url = origin.serve('/later.bin', response('HTTP/1.1 503 X\r\nRetry-After: 9'));
  assert.is((await kit.download(url, { engine: 'http' })).state, 'remote_busy');
  assert.is(origin.requestsFor('/later.bin').length, 1);
});

test.after(() => kit.close());

test.run();
