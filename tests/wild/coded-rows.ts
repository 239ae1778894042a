/** Rows of `framing.test.ts`: content codings, and what is called one. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { response } from './origin.ts';

export interface Row {
  what: string;
  /** As it goes over the wire. */
  sent: string | Buffer;
  /** The bytes of the file, or the code of the failure. */
  outcome: string | Buffer;
  path?: string;
  unlikeChromium?: string;
}

export const TYPE = 'Content-Type: application/octet-stream';
const tar = Buffer.from('not really a tar file');
const [gzip, twice] = [gzipSync(tar), gzipSync(gzipSync(tar))];
const twoFrames = Buffer.concat([zstdCompressSync(tar), zstdCompressSync(tar)]);
/** Of four bytes (RFC 8878, section 3.1.2), as pzstd writes them. */
const skippable = Buffer.from('502a4d1804000000abcdabcd', 'hex');
const behind = (text: string): Buffer => Buffer.concat([gzip, Buffer.from(text)]);
const long = Buffer.from('What is encoded is longer than its code. '.repeat(50));
export const coded = (coding: string, body: string | Buffer, type = 'application/octet-stream'): Buffer =>
  response(`Content-Type: ${type}\r\nContent-Encoding: ${coding}`, body);

export const codings: Row[] = [
  { what: 'the coding utf-8', sent: coded('utf-8', 'abc'), outcome: 'abc' },
  { what: 'the coding aws-chunked', sent: coded('aws-chunked', 'abc'), outcome: 'abc' },
  { what: 'the coding none', sent: coded('none', 'abc'), outcome: 'abc' },
  { what: 'the coding binary', sent: coded('binary', 'abc'), outcome: 'abc' },
  { what: 'an empty coding', sent: coded('', 'abc'), outcome: 'abc' },
  ...['compress', 'x-compress', 'pack200-gzip', 'exi', 'dcb', 'bzip2'].map((coding) => ({
    what: `the coding ${coding}`,
    sent: coded(coding, 'abc'),
    outcome: 'abc',
  })),
  {
    what: 'a coding and a word that is none',
    sent: coded('aws-chunked, gzip', gzip),
    outcome: tar,
    unlikeChromium: 'it undoes nothing then',
  },
  { what: 'a coded file', sent: coded('gzip', gzip), outcome: tar },
  { what: 'a coded file, as deflate', sent: coded('deflate', deflateSync(tar)), outcome: tar },
  {
    what: 'a coded file, as deflate without its wrapper',
    sent: coded('deflate', deflateRawSync(tar)),
    outcome: tar,
  },
  { what: 'a coded file, in upper case', sent: coded('GZIP', gzip), outcome: tar },
  { what: 'a coded file in two frames', sent: coded('zstd', twoFrames), outcome: Buffer.concat([tar, tar]) },
  {
    what: 'a frame to be skipped before that of the file',
    sent: coded('zstd', Buffer.concat([skippable, zstdCompressSync(tar), skippable])),
    outcome: tar,
  },
  {
    what: 'a coded file in two members',
    sent: coded('gzip', Buffer.concat([gzip, gzip])),
    outcome: Buffer.concat([tar, tar]),
    unlikeChromium: 'it saves the first alone (RFC 1952, section 2.2: a file is a series of members)',
  },
  { what: 'a line end behind gzip', sent: coded('gzip', behind('\r\n')), outcome: tar },
  { what: 'a comment behind gzip', sent: coded('gzip', behind('<!-- cached -->')), outcome: tar },
  { what: 'zeros behind gzip', sent: coded('gzip', behind('\0'.repeat(99))), outcome: tar },
  { what: 'an empty body, as gzip', sent: coded('gzip', ''), outcome: '' },
  { what: 'an empty body, as br', sent: coded('br', ''), outcome: '' },
  // More than is read at once: the parser pauses behind the last byte.
  ...[66_000, 100_000].map((bytes) => ({
    what: `a close that nobody announced, behind ${bytes} bytes`,
    sent: response(TYPE, 'a'.repeat(bytes)),
    outcome: 'a'.repeat(bytes),
  })),
  {
    what: 'the length of the identity',
    sent: response(`${TYPE}\r\nContent-Encoding: gzip\r\nContent-Length: ${long.length}`, gzipSync(long)),
    outcome: long,
  },
  {
    what: 'a coded tar file',
    sent: coded('x-gzip', gzip, 'application/x-tar'),
    path: '/a.tar',
    outcome: tar,
  },
  ...(
    [
      ['/pack.tar.gz', 'x-gzip', 'application/x-gzip', gzip],
      ['/pack.tgz', 'gzip', 'application/octet-stream', gzip],
      ['/list.xml.gz', 'gzip', 'text/xml', gzip],
      ['/get', 'gzip', 'application/gzip', gzip],
      ['/get2', 'x-gzip', 'application/x-gzip', gzip],
      ['/drawing.svgz', 'gzip', 'image/svg+xml', gzip],
      ['/pack.tar.br', 'br', 'application/octet-stream', brotliCompressSync(tar)],
      ['/pack.tar.zst', 'zstd', 'application/zstd', zstdCompressSync(tar)],
    ] as const
  ).map(([path, coding, type, body]) => ({
    ...{
      what: `${path} of ${type}, coded as ${coding}`,
      path,
      sent: coded(coding, body, type),
      outcome: body,
    },
    unlikeChromium: 'it unpacks the archive under its name; Firefox, curl and wget keep the bytes',
  })),
  {
    what: 'an archive whose name is in the disposition',
    sent: response(
      `${TYPE}\r\nContent-Disposition: attachment; filename=a.tar.gz\r\nContent-Encoding: gzip`,
      gzip,
    ),
    outcome: gzip,
    unlikeChromium: 'as above',
  },
  {
    what: 'an archive that is coded twice',
    path: '/twice.tar.gz',
    sent: coded('gzip, gzip', twice),
    outcome: tar,
    unlikeChromium: 'it saves nothing',
  },
];
