/** As `odd-responses.ts`: odd parts, and refusals. */
import { type OddAnswer, type OddFile, part } from '../../site/odd-origin.ts';
import { emptyBody, newFileOf, oddPart, type RestRequest, shifted } from './odd-bodies.ts';

export interface OddRow {
  what: string;
  answer: (file: OddFile, request: RestRequest) => OddAnswer;
  /**
   * The outcome if requests without a range are answered honestly: the name of the complete file, or the code.
   */
  once: string;
  /** The outcome if those are answered oddly too. */
  always: string;
  /** The outcome of the attempt whose connection broke, if it is another: the next one does as above. */
  reconnect?: string;
}

const FILE = 'the file';
const DATE = 'Thu, 02 Jan 2025 00:00:00 GMT';

export const ODD_PARTS: OddRow[] = [
  {
    what: 'a 206 without Content-Range',
    answer: (file, request) => oddPart(file, request, { 'content-range': null }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of several parts',
    answer: (file, request) =>
      oddPart(file, request, { 'content-range': null, 'content-type': 'multipart/byteranges; boundary=x' }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 that starts too early',
    answer: (file, request) => shifted(file, request, -1000),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 that starts too late',
    answer: (file, request) => shifted(file, request, 1000),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of an unknown total',
    answer: (file, request) =>
      oddPart(file, request, { 'content-range': `bytes ${request.from}-${file.size - 1}/*` }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of another total and the same ETag',
    answer: (file, { from, to }) => part({ ...file, size: file.size + 5000 }, { from, to }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of a total that is less than what is here',
    answer: (file) =>
      oddPart(
        file,
        { from: 0, to: 1000, count: 1, ifRange: null, path: '' },
        { 'content-range': 'bytes 0-999/1000' },
      ),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of another unit',
    answer: (file, request) =>
      oddPart(file, request, { 'content-range': `seconds ${request.from}-${file.size - 1}/${file.size}` }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a gzip-coded 206',
    answer: (file, request) => oddPart(file, request, { 'content-encoding': 'gzip' }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of another length than its range',
    answer: (file, request) => oddPart(file, request, { 'content-length': 1000 }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a chunked 206 that goes on past its range',
    answer: (file, request) => {
      const answer = oddPart(file, request, { 'content-length': null });
      return { ...answer, body: { file, start: 0, end: file.size } };
    },
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a chunked 206 that ends early in good order',
    answer: (file, request) => {
      const answer = oddPart(file, request, { 'content-length': null });
      const end = Math.min(request.to ?? file.size, request.from + file.size / 4);
      return { ...answer, body: { file, start: request.from, end } };
    },
    once: FILE,
    always: FILE,
  },
  {
    what: 'a 206 of another ETag, as from a server that knows no If-Range',
    answer: (file, { from, to }) => part({ ...newFileOf(file), size: file.size }, { from, to }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 of other bytes with a date in place of the ETag, as from a server that knows no If-Range',
    answer: (file, request) => {
      const { seed } = newFileOf(file);
      return oddPart({ ...file, seed }, request, { etag: null, 'last-modified': DATE });
    },
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 206 without its ETag',
    answer: (file, request) => oddPart(file, request, { etag: null }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 416 of the same total',
    answer: (file) => emptyBody(416, { 'content-range': `bytes */${file.size}`, 'content-length': 0 }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 416 of another total',
    answer: () => emptyBody(416, { 'content-range': 'bytes */1000', 'content-length': 0 }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 400',
    answer: () => emptyBody(400, { 'content-length': 0 }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 403',
    answer: () => emptyBody(403, { 'content-length': 0 }),
    once: FILE,
    always: 'remote_denied',
  },
  {
    what: 'a 500',
    answer: () => emptyBody(500, { 'content-length': 0 }),
    once: FILE,
    always: 'remote_error',
    reconnect: 'remote_error',
  },
  {
    what: 'a reset connection',
    answer: () => emptyBody(0, {}),
    once: FILE,
    always: 'connection_lost',
    reconnect: 'connection_lost',
  },
  {
    what: 'a 404',
    answer: () => emptyBody(404, { 'content-length': 0 }),
    once: 'remote_not_found',
    always: 'remote_not_found',
  },
];
