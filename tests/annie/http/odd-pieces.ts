/** Pieces of a file as servers send them, with more or less of what they should say. */
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddFile, type OddRequest, part } from '../../site/odd-origin.ts';

/** Asked for the bytes from `from` on. */
export type Rest = Pick<OddRequest, 'to' | 'count' | 'ifRange' | 'path'> & { from: number };

/** What has come in place of a file, with other bytes and another ETag. */
export const newFileOf = ({ seed, size }: OddFile): OddFile => ({
  seed: seed + 1,
  size: size + 777,
  etag: '"v2"',
});

/** Another size under no ETag at all. */
export const unversionedOf = ({ seed, size }: OddFile): OddFile => ({
  seed: seed + 2,
  size: size - 5000,
  etag: null,
});

export const bytesOf = ({ seed }: OddFile, start: number, end: number): Buffer =>
  Buffer.concat([...contentPieces(seed, start, end)]);

/** 200, and only the rest. */
export function rest(
  file: OddFile,
  from: number,
  headers: Record<string, string | number | null> = {},
): OddAnswer {
  const all = {
    'content-type': 'video/mp4',
    etag: file.etag,
    'content-length': file.size - from,
    ...headers,
  };
  const said = Object.entries(all).filter((field): field is [string, string | number] => field[1] !== null);
  return { status: 200, headers: Object.fromEntries(said), body: { file, start: from, end: file.size } };
}

/** 206 with other fields than it should have; null takes one away. */
export function oddPart(
  file: OddFile,
  asked: Rest,
  headers: Record<string, string | number | null>,
): OddAnswer {
  const { body, ...answer } = part(file, asked);
  const said = Object.entries({ ...answer.headers, ...headers }).filter(
    (field): field is [string, string | number] => field[1] !== null,
  );
  return { ...answer, headers: Object.fromEntries(said), body };
}

/** A part that begins elsewhere, and says so. */
export function shifted(file: OddFile, { from, ...asked }: Rest, by: number): OddAnswer {
  return part(file, { ...asked, from: from + by });
}

export const nothing = (status: number, headers: Record<string, string | number>): OddAnswer => ({
  status,
  headers: { 'content-type': 'video/mp4', ...headers },
  body: Buffer.alloc(0),
});
