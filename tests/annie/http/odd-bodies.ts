/** Responses with a part of a file, as odd servers send them: with more or fewer headers than they should have. */
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddFile, type OddRequest, part } from '../../site/odd-origin.ts';

/** For the bytes from `from` on. */
export type RestRequest = Pick<OddRequest, 'to' | 'count' | 'ifRange' | 'path'> & { from: number };

/** A newer version of a file, with other bytes and another ETag. */
export const newFileOf = ({ seed, size }: OddFile): OddFile => ({
  seed: seed + 1,
  size: size + 777,
  etag: '"v2"',
});

/** A version of another size, without an ETag. */
export const unversionedOf = ({ seed, size }: OddFile): OddFile => ({
  seed: seed + 2,
  size: size - 5000,
  etag: null,
});

export const bytesOf = ({ seed }: OddFile, start: number, end: number): Buffer =>
  Buffer.concat([...contentPieces(seed, start, end)]);

/** 200 with the rest only; null removes a header. */
export function restAs200(
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
  const sent = Object.entries(all).filter((field): field is [string, string | number] => field[1] !== null);
  return { status: 200, headers: Object.fromEntries(sent), body: { file, start: from, end: file.size } };
}

/** 206 with other headers than it should have; null removes one. */
export function oddPart(
  file: OddFile,
  request: RestRequest,
  headers: Record<string, string | number | null>,
): OddAnswer {
  const { body, ...answer } = part(file, request);
  const sent = Object.entries({ ...answer.headers, ...headers }).filter(
    (field): field is [string, string | number] => field[1] !== null,
  );
  return { ...answer, headers: Object.fromEntries(sent), body };
}

/** 206 with a part that begins elsewhere, according to its Content-Range. */
export function shifted(file: OddFile, { from, ...request }: RestRequest, by: number): OddAnswer {
  return part(file, { ...request, from: from + by });
}

export const emptyBody = (status: number, headers: Record<string, string | number>): OddAnswer => ({
  status,
  headers: { 'content-type': 'video/mp4', ...headers },
  body: Buffer.alloc(0),
});
