/**
 * Types that say something else than the bytes. Words where an address names an archive or a video are shown by browsers, or
 * break their players; they are no download of that name.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
test.after(() => kit.close());
origin.serve('/clip.mp4', response('Content-Type: video/mp4', 'clip'));

let files = 0;
const outcome = async (name: string, head: string, body: string | Buffer): Promise<string> => {
  const url = origin.serve(`/${++files}/${name}`, response(head, body));
  const [byType, byEngine] = [await kit.download(url), await kit.download(url, { engine: 'http' })];
  assert.equal([byEngine.state, byEngine.name], [byType.state, byType.name]);
  return byType.state === 'complete' ? byType.name : byType.state;
};
const S3 = '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>';
const words: [name: string, head: string, body: string][] = [
  ['a.zip', 'Content-Type: text/plain', 'Link expired'],
  ['a.mp4', 'Content-Type: application/json', '{"error":"expired"}'],
  ['b.zip', 'Content-Type: application/xml', S3],
  ['b.mp4', 'Content-Type: application/octet-stream', '<!doctype html><p>No'],
  ['c.mp4', 'Content-Type: video/mp4', '<!DOCTYPE html><title>Log in</title>'],
  ['d.mkv', 'X: y', '<!-- proxy --><h1>Blocked</h1>'],
  ['e.mp4', 'Content-Type: application/octet-stream', '{"error":"expired"}'],
  ['e.iso', 'X: y', S3],
  ['f.sig', 'Content-Type: application/octet-stream', '<!doctype html><p>No'],
];
for (const [name, head, body] of words) {
  test(`${JSON.stringify(body)} as ${head} is no ${name}`, async () => {
    assert.is(await outcome(name, head, body), 'no_media');
  });
}

const kept: [name: string, head: string, body: string | Buffer][] = [
  ['a.srt', 'Content-Type: text/plain', '1\n'],
  ['a.json', 'Content-Type: application/json', '{}'],
  ['a.bin', 'Content-Type: text/plain', 'words'],
  // Formats that have types of their own, and are words.
  ['a.sig', 'Content-Type: text/plain', '-----BEGIN PGP SIGNATURE-----'],
  ['a.crt', 'Content-Type: text/plain', '-----BEGIN CERTIFICATE-----'],
  ['a.obj', 'Content-Type: text/plain', 'v 1 2 3'],
  ['a.stl', 'Content-Type: text/plain', 'solid x'],
  ['a.dxf', 'Content-Type: text/plain', '0'],
  ['a.step', 'Content-Type: text/plain', 'ISO-10303-21;'],
  ['a.ts', 'Content-Type: text/plain', 'export {};'],
  ['a.jnlp', 'Content-Type: application/xml', '<jnlp/>'],
  ['c.zip', 'Content-Type: text/plain\r\nContent-Disposition: attachment', 'words'],
  ['d.zip', 'Content-Type: text/plain', 'PK\x03\x04\0\0'],
  ['e.zip', 'Content-Type: application/zip', 'words'],
  ['e.mp4', 'Content-Type: text/plain', 'w'.repeat(70_000)],
  ['empty.zip', 'Content-Type: text/plain', ''],
];
for (const [name, head, body] of kept) {
  test(`${name} as ${head.split('\r', 1)[0]} is kept`, async () => {
    assert.is(await outcome(name, head, body), name);
  });
}

const ts = Buffer.alloc(376, 0xff);
ts.write('G@\0', 0, 'latin1');
ts.write('G@\x01', 188, 'latin1');
const epub = `PK\x03\x04${'\0'.repeat(26)}mimetypeapplication/epub+zip`;
const webm = Buffer.from('\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm', 'latin1');
for (const [named, body] of [
  ['x.torrent', 'd8:announce3:abce'],
  ['x.ts', ts],
  ['x.epub', epub],
  ['x.ps', '%!PS-Adobe-3.0'],
  ['x.webm', webm],
  ['x.deb', '!<arch>\ndebian-binary'],
] as const) {
  test(`what is called a page and is none is named by its first bytes: ${named}`, async () => {
    assert.is(await outcome('x', 'Content-Type: text/html', Buffer.from(body)), named);
  });
}

test('a page without a type, behind a comment, leads to its media, also as a download at once', async () => {
  for (const start of ['<!-- a -->\n', '<!---->', ' \n<p>']) {
    const url = origin.serve('/untyped', response('X: y', `${start}<video src=/clip.mp4>`));
    const { state, body } = await kit.download(url, { engine: 'http' });
    assert.equal([state, body.toString()], ['complete', 'clip'], start);
  }
});

test('a part is placed by a Content-Range with blanks, in any case', async () => {
  for (const range of ['bytes  0 - 2 / 3', 'BYTES 0-2/3']) {
    const head = `HTTP/1.1 206 Part\r\nContent-Type: application/zip\r\nETag: "a"\r\nContent-Range: ${range}`;
    const { state, body } = await kit.download(origin.serve('/part.zip', response(head, 'abc')));
    assert.equal([state, body.toString()], ['complete', 'abc'], range);
  }
});

test.run();
