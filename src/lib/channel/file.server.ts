/** A finished file, as an attachment that no browser will ever run or show as a page of ours. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { create as contentDisposition } from 'content-disposition';
import { SluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import { isNotModified, rangeApplies, readRange, type Validators } from './byte-range.ts';

/** Fewer, larger reads: at 64 KiB the stream machinery costs more than the reading. */
const READ_BYTES = 256 * 1024;

/**
 * @param name base name of the file in `dir`, as stored with the download
 * @throws SluiceError `file_missing`, `disk_denied`
 */
export async function serveFile(request: Request, dir: string, name: string): Promise<Response> {
  const handle = await openFile(dir, name);
  let isStreaming = false;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new SluiceError('file_missing');
    const response = answer(request, handle, stats, name);
    isStreaming = response.body !== null && response.status !== 416;
    return response;
  } finally {
    if (!isStreaming) await handle.close();
  }
}

function answer(request: Request, handle: FileHandle, stats: Stats, name: string): Response {
  const { headers, method } = request;
  const validators = validatorsOf(stats);
  const common = {
    etag: validators.etag,
    'last-modified': validators.modified,
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  };
  if (isNotModified(headers.get('if-none-match'), validators)) {
    return new Response(null, { status: 304, headers: common });
  }
  // RFC 9110, section 14.2: Range means something with GET only.
  const wanted =
    method === 'GET' && rangeApplies(headers.get('if-range'), validators) ? headers.get('range') : null;
  const range = readRange(wanted, stats.size);
  if (range.kind === 'unsatisfiable') {
    const error = new SluiceError('range_not_satisfiable', `The file has ${stats.size} bytes.`);
    const extra = { ...common, 'content-range': `bytes */${stats.size}` };
    return Response.json(problemOf(error), {
      status: error.status,
      headers: { ...extra, ...problemHeaders(error) },
    });
  }
  const { first, last } = range.kind === 'part' ? range : { first: 0, last: stats.size - 1 };
  const length = last - first + 1;
  const described = {
    ...common,
    'content-type': 'application/octet-stream',
    'content-disposition': contentDisposition(name),
    'content-length': String(length),
    'content-security-policy': "default-src 'none'; sandbox",
    ...(range.kind === 'part' ? { 'content-range': `bytes ${first}-${last}/${stats.size}` } : {}),
  };
  const body = method === 'HEAD' || length === 0 ? null : streamOf(handle, first, last);
  return new Response(body, { status: range.kind === 'part' ? 206 : 200, headers: described });
}

function streamOf(handle: FileHandle, start: number, end: number): ReadableStream<Uint8Array> {
  const stream = handle.createReadStream({ start, end, highWaterMark: READ_BYTES, autoClose: true });
  return Readable.toWeb(stream, { type: 'bytes' } as never) as ReadableStream<Uint8Array>;
}

/** Never outside the folder: a base name only, and a link in the folder is not followed. */
async function openFile(dir: string, name: string): Promise<FileHandle> {
  if (name === '' || name === '.' || name === '..' || basename(name) !== name || name.includes('\0')) {
    throw new SluiceError('file_missing');
  }
  try {
    return await open(join(dir, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SluiceError(code === 'EACCES' ? 'disk_denied' : 'file_missing', undefined, { cause: error });
  }
}

/** A file that is replaced has another inode, one that is changed another time or size. */
function validatorsOf({ ino, size, mtimeMs, mtime }: Stats): Validators {
  const parts = [ino, size, Math.round(mtimeMs * 1000)].map((part) => part.toString(36));
  return { etag: `"${parts.join('-')}"`, modified: mtime.toUTCString() };
}
