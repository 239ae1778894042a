/** Words for a person where a file was asked for: Chromium shows them, and saves nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshDir } from '../annie/http/kit.ts';
import { response, type WildRequest } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;

for (const ext of ['zip', 'mp4', 'iso', 'mkv', 'rar', 'exe', 'pdf', 'bin', 'xyz']) {
  test(`text/html that says a few words is no file called .${ext}`, async () => {
    const url = origin.serve(`/a.${ext}`, response('Content-Type: text/html', 'Link expired'));
    for (const engine of [{}, { engine: 'http' as const }])
      assert.is((await kit.download(url, engine)).state, 'no_media');
    const page = origin.serve('/page', response('Content-Type: text/html', `<video src=/a.${ext}>`));
    assert.is((await kit.download(page)).state, 'no_media');
  });
}

for (const ext of ['srt', 'csv', 'txt', 'json', 'md5', 'py', 'log', 'sql', 'm3u'])
  test(`text/html that says a few words may be a file called .${ext}`, async () => {
    const url = origin.serve(`/t.${ext}`, response('Content-Type: text/html', 'a few words, no tag'));
    assert.is((await kit.download(url)).body.toString(), 'a few words, no tag');
  });

const video = Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), Buffer.alloc(2 * 1024 * 1024, 'video')]);
const subtitles = Buffer.alloc(2 * 1024 * 1024, '00:00:01,000 --> 00:00:02,000\r\nWords\r\n');
const OCTETS = 'Content-Type: application/octet-stream';
const PAGE = '<!DOCTYPE html><title>Log in</title>';

for (const [what, body, answer, outcome] of [
  ['words as text/html', video, response('Content-Type: text/html', 'Please log in'), 'login_required'],
  ['a page as octets', video, response(OCTETS, PAGE), 'login_required'],
  ['a page without a type', video, response('X: y', PAGE), 'login_required'],
  ['a page in place of a text', subtitles, response(OCTETS, PAGE), 'login_required'],
  ['an error in JSON', video, response('Content-Type: application/json', '{"error":"x"}'), 'login_required'],
  ['words as text/plain', video, response('Content-Type: text/plain', 'Link expired'), 'login_required'],
  ['nothing', video, response(OCTETS), 'remote_contradiction'],
] as const) {
  test(`${what} at a resume replaces no bytes of a file`, async () => {
    let phase: 'cut' | 'other' | 'rest' = 'cut';
    const path = `/${what.replaceAll(' ', '-')}.bin`;
    const url = origin.serve(path, (request) => {
      const from = fromOf(request);
      if (phase === 'other') return answer;
      if (phase === 'cut' && from > 0) return response('HTTP/1.1 500 Oops');
      const range = `Content-Range: bytes ${from}-${body.length - 1}/${body.length}`;
      const head = `HTTP/1.1 206 P\r\n${OCTETS}\r\nETag: "1"\r\n${range}\r\nContent-Length: ${body.length - from}`;
      return response(head, body.subarray(from, phase === 'cut' ? 1_500_000 : Infinity));
    });
    const workDir = await freshDir();
    const again = (): ReturnType<typeof kit.download> => kit.download(url, { workDir, engine: 'http' });
    assert.is((await again()).state, 'remote_error');
    phase = 'other';
    assert.is((await again()).state, outcome);
    phase = 'rest';
    const before = origin.requestsFor(path).length;
    assert.ok((await again()).body.equals(body));
    assert.ok(
      origin
        .requestsFor(path)
        .slice(before)
        .some((request) => fromOf(request) > 1_000_000),
    );
  });
}

test('a new version at a resume is fetched from its start', async () => {
  const [old, other] = [video, Buffer.alloc(100_000, '\0\x01new')];
  let isCut = true;
  const url = origin.serve('/new.bin', (request) => {
    if (!isCut) return response(`${OCTETS}\r\nETag: "2"`, other);
    if (fromOf(request) > 0) return response('HTTP/1.1 500 Oops');
    const range = `Content-Range: bytes 0-${old.length - 1}/${old.length}\r\nContent-Length: ${old.length}`;
    return response(`HTTP/1.1 206 P\r\n${OCTETS}\r\nETag: "1"\r\n${range}`, old.subarray(0, 1_500_000));
  });
  const workDir = await freshDir();
  assert.is((await kit.download(url, { workDir, engine: 'http' })).state, 'remote_error');
  isCut = false;
  const saved = await kit.download(url, { workDir, engine: 'http' });
  assert.is(saved.state, 'complete', saved.message);
  assert.ok(saved.body.equals(other));
});

function fromOf({ headers }: WildRequest): number {
  return Number(/^bytes=(\d+)-/.exec(headers.get('range') ?? '')?.[1] ?? 0);
}

test.after(() => kit.close());

test.run();
