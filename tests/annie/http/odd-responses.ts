/** What odd servers answer to a request for the rest of a file, and how the download ends. */
import { gzipSync } from 'node:zlib';
import { part, whole } from '../../site/odd-origin.ts';
import { bytesOf, newFileOf, emptyBody, restAs200, unversionedOf } from './odd-bodies.ts';
import { ODD_PARTS, type OddRow } from './odd-parts.ts';

export type { OddRow };

const FILE = 'the file';
const NEW = 'the new file';
const DATE = 'Thu, 02 Jan 2025 00:00:00 GMT';
/** Where a cache that stores blocks of 64 KiB begins. */
const boundaryBefore = (from: number): number => from - (from % 65_536);

export const ODD_ROWS: OddRow[] = [
  ...ODD_PARTS,
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

/** One of four, of every kind: for what takes long with each of them. */
export const SOME_ODD_ROWS = ODD_ROWS.filter((_, index) => index % 4 === 0);
