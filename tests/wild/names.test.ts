/** The name of a file, from heads that real servers send: as in Chromium, where a row does not say otherwise. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { numbered } from '#lib/files/file-name.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { COMPARED_ROWS, openChromium } from './chromium.ts';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

interface Row {
  /** Default: `/N`, with N the number of the row. */
  path?: string;
  /** Default: `application/octet-stream`; null = none. */
  type?: string | null;
  /** Content-Disposition, in bytes. */
  disposition?: string | Buffer;
  /** The name that is expected; `N` stands for the number of the row. */
  name: string;
  /** Why Chromium's name is another. */
  unlikeChromium?: string;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
/** 下载 */
const GBK = '\xcf\xc2\xd4\xd8';

const rows: Row[] = [
  // RFC 6266, and what servers make of it
  { disposition: 'attachment; filename="plain.pdf"', name: 'plain.pdf' },
  { disposition: 'ATTACHMENT; FILENAME="UP.PDF"', name: 'UP.PDF' },
  { disposition: 'filename="no type.pdf"', name: 'no type.pdf' },
  { disposition: '; filename="no type.pdf"', name: 'no type.pdf' },
  { disposition: 'attachment; filename = "blanks.pdf"', name: 'blanks.pdf' },
  { disposition: 'attachment;\tfilename="tab.pdf"', name: 'tab.pdf' },
  { disposition: 'attachment; filename="one;two.pdf"', name: 'one;two.pdf' },
  { disposition: 'attachment; filename="a\\"b\\\\c.pdf"', name: 'a_b_c.pdf' },
  { disposition: 'attachment; filename="never closed.pdf', name: 'never closed.pdf' },
  { disposition: 'attachment; filename=my great file.pdf', name: 'my great file.pdf' },
  { disposition: "attachment; filename='single.pdf'", name: "'single.pdf'" },
  { disposition: 'attachment; filename=first.pdf; filename=second.pdf', name: 'first.pdf' },
  { disposition: 'attachment; filename="a.pdf"; size=3;;', name: 'a.pdf' },
  { disposition: 'attachment; filename="a+b.pdf"', name: 'a+b.pdf' },
  { disposition: 'attachment; filename="/etc/passwd"', name: '_etc_passwd' },
  { disposition: 'attachment; filename=""', type: 'application/pdf', name: 'N.pdf' },
  { disposition: 'attachment; name="other.pdf"', name: 'N' },
  { disposition: 'inline; filename="inline.bin"', name: 'inline.bin' },
  // UTF-8 as it is
  { disposition: 'attachment; filename="überßicht.pdf"', name: 'überßicht.pdf' },
  { disposition: 'attachment; filename=下载.pdf', name: '下载.pdf' },
  {
    disposition: latin1('attachment; filename="\xfcber.pdf"'),
    name: 'über.pdf',
    unlikeChromium: 'it takes the charset of its system',
  },
  {
    disposition: latin1(`attachment; filename="${GBK}.pdf"`),
    type: 'application/pdf; charset=gbk',
    name: '下载.pdf',
    unlikeChromium: 'it takes the charset of the page with the link',
  },
  // percent-encoded, RFC 2047
  { disposition: 'attachment; filename="%E4%B8%8B%E8%BD%BD.pdf"', name: '下载.pdf' },
  { disposition: 'attachment; filename=a%20b.pdf', name: 'a b.pdf' },
  { disposition: 'attachment; filename="100%.pdf"', name: '100%.pdf' },
  { disposition: 'attachment; filename="a%2Fb.pdf"', name: 'a_b.pdf' },
  { disposition: 'attachment; filename="%FCber.pdf"', name: 'N' },
  { disposition: 'attachment; filename="=?UTF-8?B?5LiL6L29LnBkZg==?="', name: '下载.pdf' },
  { disposition: 'attachment; filename="=?ISO-8859-1?Q?=FCber_x.pdf?="', name: 'über x.pdf' },
  { disposition: 'attachment; filename="=?UTF-8?B?5LiL6L29?= =?UTF-8?B?LnBkZg==?="', name: '下载.pdf' },
  { disposition: 'attachment; filename="=?gb2312?B?z8LU2C5wZGY=?="', name: '下载.pdf' },
  // RFC 8187
  { disposition: "attachment; filename*=GBK''%CF%C2%D4%D8.pdf", name: '下载.pdf' },
  { disposition: "attachment; filename*=iso-8859-1''%FCber.pdf", name: 'über.pdf' },
  { disposition: "attachment; filename*=utf-8'en'%E4%B8%8B.pdf; filename=x.pdf", name: '下.pdf' },
  { disposition: "attachment; filename=x.pdf; filename*=utf-8''%E4%B8%8B.pdf", name: '下.pdf' },
  { disposition: "attachment; filename=x.pdf; filename*=utf-8'%E4%B8%8B.pdf", name: 'x.pdf' },
  { disposition: "attachment; filename=x.pdf; filename*=nope''%E4%B8%8B.pdf", name: 'x.pdf' },
  { disposition: "attachment; filename*=UTF-8''a b.pdf", name: 'a b.pdf' },
  { disposition: "attachment; filename*=UTF-8''%f0%9f%98%80.pdf", name: '😀.pdf' },
  { disposition: "attachment; filename*=UTF-8''%ff.pdf; filename=ok.pdf", name: 'ok.pdf' },
  { disposition: `attachment; filename*="utf-8''x.pdf"; filename=y.pdf`, name: 'y.pdf' },
  { disposition: 'attachment; filename="=?utf-8?q?a=5Fb.pdf?="', name: 'a_b.pdf' },
  { disposition: 'attachment; filename="=?UTF-8?B?5LiL6L29?=.bak"', name: 'N' },
  { disposition: 'attachment; filename="=?utf-8?B?broken', name: 'N' },
  { disposition: 'attachment; filename="a%E4%B8%8B%zz.pdf"', name: 'a下%zz.pdf' },
  { disposition: 'form-data; name="x"; filename="fd.pdf"', name: 'fd.pdf' },
  { disposition: 'attachment; filename="a:b|c?.pdf"', name: 'a_b_c_.pdf' },
  { path: '/%E4%B8%8B.zip', name: '下.zip' },
  { path: '/a%2Fb.zip', name: 'a_b.zip' },
  { path: '/a+b.zip', name: 'a+b.zip' },
  // extensions from the type
  { path: '/page.html?download', type: 'application/zip', disposition: 'attachment', name: 'page.zip' },
  { path: '/get.php?id=1', type: 'application/zip', name: 'get.zip' },
  {
    path: '/get.aspx',
    type: 'application/zip',
    name: 'get.zip',
    unlikeChromium: 'it replaces only in an address with a query',
  },
  { path: '/raw/index.php', type: 'text/plain', disposition: 'attachment', name: 'index.php' },
  { path: '/raw/script.py', type: 'text/plain', disposition: 'attachment', name: 'script.py' },
  { path: '/setup.exe', type: 'application/zip', name: 'setup.exe' },
  { path: '/setup.exe?mirror=1', type: 'application/x-msdownload', name: 'setup.exe' },
  { path: '/cgi-bin/send.pl?id=1', type: 'application/zip', name: 'send.zip' },
  { path: '/show.jsp?x', type: 'video/mp4', disposition: 'attachment', name: 'show.mp4' },
  { path: '/wrong.bin?x', type: 'application/zip', name: 'wrong.zip' },
  { path: '/wrong.bin', type: 'application/zip', name: 'wrong.bin' },
  { path: '/pack.tar.gz?x', type: 'application/gzip', name: 'pack.tar.gz' },
  { path: '/pack.tgz?x', type: 'application/gzip', name: 'pack.tgz' },
  { type: 'audio/flac', disposition: 'attachment', name: 'N.flac' },
  { type: 'audio/webm', disposition: 'attachment', name: 'N.webm' },
  { type: 'image/x-png', disposition: 'attachment', name: 'N.png' },
  { type: 'application/font-woff', disposition: 'attachment', name: 'N.woff' },
  { type: 'audio/aac', name: 'N.aac', unlikeChromium: 'it plays it' },
  { path: '/pack.tar.gz?y', type: 'application/x-gzip', name: 'pack.tar.gz' },
  { path: '/photo.jpeg?x', type: 'image/jpeg', disposition: 'attachment', name: 'photo.jpeg' },
  { path: '/script.php?x', name: 'script.php' },
  { type: 'application/zip', name: 'N.zip' },
  { type: 'application/epub+zip', name: 'N.epub' },
  { type: 'text/csv', name: 'N.csv' },
  { type: 'audio/mpeg', disposition: 'attachment', name: 'N.mp3' },
  {
    type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    name: 'N.docx',
  },
  { type: 'application/x-7z-compressed', name: 'N.7z', unlikeChromium: 'its table lacks the type' },
  {
    type: 'application/pdf',
    disposition: 'attachment; filename="report"',
    name: 'report.pdf',
    unlikeChromium: 'it leaves the name as it is',
  },
  { type: 'application/pdf', disposition: 'attachment; filename="report.php"', name: 'report.php' },
  { path: '/file.zip;jsessionid=1', name: 'file.zip' },
  // quotes that are not escaped, or that do not match
  { disposition: 'attachment; filename="My "best" film.mp4"', name: 'My _best_ film.mp4' },
  { disposition: 'attachment; filename=""x.zip""', name: '_x.zip_' },
  { disposition: 'attachment; filename="a.pdf" b', name: 'a.pdf_ b' },
  // in an address with a query the type replaces any extension
  { path: '/clip.mp4?q', type: 'video/webm', disposition: 'attachment', name: 'clip.webm' },
  {
    path: '/a.png?as=jpg',
    type: 'image/jpeg',
    disposition: 'attachment',
    name: 'a.jpg',
    unlikeChromium: 'it names it a.jpeg',
  },
  { path: '/doc.pdf?x', type: 'application/zip', name: 'doc.zip' },
  { path: '/film.m4v?x', type: 'video/mp4', disposition: 'attachment', name: 'film.m4v' },
  { path: '/film.mkv?x', name: 'film.mkv' },
  // of several types the last counts
  {
    path: '/two-types',
    type: 'text/html\r\nContent-Type: application/pdf',
    disposition: 'attachment',
    name: 'two-types.pdf',
  },
  { path: '/one-line', type: 'text/html, text/csv', disposition: 'attachment', name: 'one-line.csv' },
  { path: '/.htaccess', disposition: 'attachment', name: 'htaccess' },
];

const kit = await openWildKit();
const { origin } = kit;

const served = rows.map((row, index) => {
  const { path = `/${index}`, type = 'application/octet-stream', disposition } = row;
  const head = Buffer.concat([
    Buffer.from(type === null ? 'X-Row: 1' : `Content-Type: ${type}`),
    ...(disposition === undefined ? [] : ['\r\nContent-Disposition: ', disposition]).map((each) =>
      Buffer.from(each),
    ),
  ]);
  // `/wrong.bin?x` and `/wrong.bin` share one answer, whose type is the same.
  origin.serve(path.split('?')[0] ?? '', response(head, 'abc'));
  const name = row.name.replace(/^N\b/, `${index}`);
  return { ...row, url: origin.url + path, name, label: String(disposition ?? `${type} at ${path}`) };
});

test('a file is named as its server means', async () => {
  const named = await Promise.all(
    served.map(async ({ url, label }) => `${label} → ${(await kit.download(url)).name}`),
  );
  assert.equal(
    named,
    served.map(({ label, name }) => `${label} → ${name}`),
  );
});

testUnless(test, missing('chromium'), 'Chromium gives the same names', async () => {
  const chromium = await openChromium(origin.serve('/blank', response('Content-Type: text/html', '<body>')));
  try {
    const same = served.filter(({ unlikeChromium }) => unlikeChromium === undefined);
    assert.is(same.length, COMPARED_ROWS.names);
    const saved = await chromium.save(same.map(({ url }) => url));
    assert.equal(
      same.map(({ url, label }) => `${label} → ${saved.get(url)?.name}`),
      same.map(({ label, name }) => `${label} → ${name}`),
    );
  } finally {
    await chromium.close();
  }
});

test('an address in a Location is UTF-8, and other bytes are sent back as they came', async () => {
  const octets = 'Content-Type: application/octet-stream';
  origin.serve('/datei-%C3%A4.bin', response(octets, 'UTF-8'));
  origin.serve('/datei-%E4.bin', response(octets, 'ISO 8859-1'));
  origin.serve('/%CF%C2%D4%D8.bin', response(octets, 'GBK'));
  const redirect = (to: Buffer): Buffer =>
    response(Buffer.concat([Buffer.from('HTTP/1.1 302 Found\r\nLocation: '), to]));
  const bodyVia = async (path: string, to: Buffer): Promise<string> =>
    (await kit.download(origin.serve(path, redirect(to)))).body.toString();
  assert.is(await bodyVia('/to-1', Buffer.from('/datei-ä.bin')), 'UTF-8');
  assert.is(await bodyVia('/to-2', latin1('/datei-\xe4.bin')), 'ISO 8859-1');
  assert.is(await bodyVia('/to-3', latin1(`/${GBK}.bin`)), 'GBK');
  assert.is((await kit.download(`${origin.url}/to-1`)).name, 'datei-ä.bin');
});

test('a volume of a split archive keeps its number at the end', () => {
  assert.is(numbered('backup.7z.001', 2), 'backup.7z (2).001');
  assert.is(numbered('film.mkv.012', 3), 'film.mkv (3).012');
  assert.is(numbered('v1.2', 2), 'v1.2 (2)');
  assert.is(numbered('backup.7z.0001', 2), 'backup.7z (2).0001');
  assert.is(numbered('film.part1.rar', 2), 'film (2).part1.rar');
  assert.is(numbered('film.Part02.RAR', 2), 'film (2).Part02.RAR');
  assert.is(numbered('setup.part01.exe', 2), 'setup (2).part01.exe');
  assert.is(numbered('film.r00', 2), 'film (2).r00');
  assert.is(numbered('film.z01', 2), 'film (2).z01');
  assert.is(numbered('film.vol003+04.par2', 2), 'film (2).vol003+04.par2');
  assert.is(numbered('film.2020', 2), 'film.2020 (2)');
  assert.is(numbered('pack.tar.gz', 2), 'pack (2).tar.gz');
});

test.after(async () => {
  await kit.close();
});

test.run();
