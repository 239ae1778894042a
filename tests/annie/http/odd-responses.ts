/** What odd servers answer to a request for the rest of a file, and how the download ends. */
import { gzipSync } from 'node:zlib';
import { type OddAnswer, type OddFile, part, whole } from '../../site/odd-origin.ts';
import {
  bytesOf,
  newFileOf,
  emptyBody,
  oddPart,
  type RestRequest,
  restAs200,
  shifted,
  unversionedOf,
} from './odd-bodies.ts';

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
const NEW = 'the new file';
const DATE = 'Thu, 02 Jan 2025 00:00:00 GMT';
/** Where a cache that stores blocks of 64 KiB begins. */
const boundaryBefore = (from: number): number => from - (from % 65_536);

export const ODD_ROWS: OddRow[] = [
  {
    what: 'a 200 with the rest and its Content-Range',
    answer: (file, { from }) =>
      restAs200(file, from, { 'content-range': `bytes ${from}-${file.size - 1}/${file.size}` }),
    once: FILE,
    always: FILE,
  },
  {
    what: 'a 200 with the rest',
    answer: (file, { from }) => restAs200(file, from),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 with the rest and no validators',
    answer: (file, { from }) => restAs200(file, from, { etag: null }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 with the rest and the weak form of the ETag',
    answer: (file, { from }) => restAs200(file, from, { etag: `W/${file.etag}` }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a chunked 200 with the rest',
    answer: (file, { from }) => restAs200(file, from, { 'content-length': null }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a chunked 200 with the rest and no validators',
    answer: (file, { from }) => restAs200(file, from, { 'content-length': null, etag: null }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 from an earlier boundary on and no validators',
    answer: (file, { from }) => restAs200(file, boundaryBefore(from), { etag: null }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 from an earlier boundary on and a date in place of the ETag',
    answer: (file, { from }) => restAs200(file, boundaryBefore(from), { etag: null, 'last-modified': DATE }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a chunked 200 from an earlier boundary on and no validators',
    answer: (file, { from }) => restAs200(file, boundaryBefore(from), { etag: null, 'content-length': null }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a chunked 200 with some of the rest and no validators',
    answer: (file, { from }) => ({
      ...restAs200(file, from, { etag: null, 'content-length': null }),
      body: { file, start: from, end: from + 300_000 },
    }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a chunked 200 with more than the file',
    answer: (file) => ({
      ...restAs200(file, 0, { 'content-length': null }),
      body: { file, start: 0, end: file.size + 5000 },
    }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 with the rest, until the connection closes',
    answer: (file, { from }) => ({ ...restAs200(file, from, { 'content-length': null }), untilClose: true }),
    once: FILE,
    // as from a connection that broke
    always: 'size_mismatch',
  },
  {
    what: 'a gzip-coded 200 with the rest',
    answer: (file, { from }) => {
      const body = gzipSync(bytesOf(file, from, file.size), { level: 1 });
      return {
        ...restAs200(file, from, { 'content-encoding': 'gzip', 'content-length': body.length }),
        body,
      };
    },
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 without a byte',
    answer: (file) => emptyBody(200, { etag: file.etag ?? '', 'content-length': 0 }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 204',
    answer: (file) => emptyBody(204, { etag: file.etag ?? '', 'content-length': 0 }),
    once: FILE,
    always: 'remote_status',
  },
  {
    what: 'a 200 of another size and the same ETag',
    answer: (file) => whole({ ...file, size: file.size + 5000 }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 of another size and the same ETag, but weak',
    answer: (file) => whole({ ...file, size: file.size + 5000, etag: `W/${file.etag}` }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'a 200 with the Content-Range of another place',
    answer: (file, { from }) =>
      restAs200(file, from - 1000, { 'content-range': `bytes ${from - 1000}-${file.size - 1}/${file.size}` }),
    once: FILE,
    always: 'remote_status',
  },
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
  {
    what: 'a redirect to a file of the same ETag and another size',
    answer: (file, { path }) =>
      path.endsWith('-elsewhere')
        ? whole({ ...file, size: file.size + 5000 })
        : emptyBody(302, { location: `${path}-elsewhere`, 'content-length': 0 }),
    once: FILE,
    always: 'remote_contradiction',
  },
  {
    what: 'the rest and honest answers by turns',
    answer: (file, request) =>
      request.count % 2 === 0 ? restAs200(file, request.from) : part(file, request),
    once: FILE,
    always: FILE,
  },
  {
    what: 'all of it, as from a server without ranges',
    answer: (file) => whole(file),
    once: FILE,
    always: FILE,
  },
  {
    what: 'all of it without a length',
    answer: (file) => restAs200(file, 0, { 'content-length': null }),
    once: FILE,
    always: FILE,
  },
  {
    what: 'all of a new version',
    answer: (file) => whole(newFileOf(file)),
    // which then is not there: another server of several
    once: FILE,
    always: NEW,
  },
  {
    what: 'all of another size without an ETag',
    answer: (file) => whole(unversionedOf(file)),
    // it has to say so twice
    once: FILE,
    always: 'the unversioned file',
  },
];
