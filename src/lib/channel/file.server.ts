/** Serves a finished file as an attachment, so that no browser runs it or shows it as a page of this origin. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, join } from 'node:path';
import { create as contentDisposition } from 'content-disposition';
import { hasMark } from '../files/file-mark.ts';
import { SluiceError } from '../protocol/error.ts';
import { problemAnswer } from '../protocol/problem.ts';
import type { DownloadedFile } from '../protocol/runner.ts';
import type { ApiAnswer } from './api-answer.ts';
import { isNotModified, rangeApplies, readRange, type Validators } from './byte-range.ts';
import { API_POLICY } from './headers.ts';

/** Larger than Node's default of 64 KiB, at which the stream costs more than the reading. */
const READ_BYTES = 256 * 1024;

/**
 * @param file as recorded with the download; another file under its name in `dir` is not served
 * @throws SluiceError `file_missing`, `disk_denied`
 */
export async function serveFile(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  dir: string,
  file: DownloadedFile,
): Promise<ApiAnswer> {
  const { name } = file;
  const handle = await openFile(dir, name);
  let isStreaming = false;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || !isRecordedFile(stats, file)) throw new SluiceError('file_missing');
    if (stats.size < file.bytes) throw tooShort(stats.size, file.bytes);
    const answer = buildAnswer(request, handle, stats, name);
    isStreaming = typeof answer.body === 'object' && answer.body !== null;
    return answer;
  } finally {
    if (!isStreaming) await handle.close();
  }
}

function buildAnswer(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  handle: FileHandle,
  stats: Stats,
  name: string,
): ApiAnswer {
  const validators = validatorsOf(stats);
  const common = {
    etag: validators.etag,
    'last-modified': validators.modified,
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
  };
  if (isNotModified(headers['if-none-match'] ?? null, validators)) {
    return { status: 304, headers: common, body: null };
  }
  // RFC 9110, section 14.2: Range is defined for GET only.
  const wanted =
    method === 'GET' && rangeApplies(ifRangeOf(headers), validators) ? (headers.range ?? null) : null;
  const range = readRange(wanted, stats.size);
  if (range.kind === 'unsatisfiable') {
    const error = new SluiceError('range_not_satisfiable', `The file has ${stats.size} bytes.`);
    const refused = problemAnswer(error, { 'content-range': `bytes */${stats.size}` });
    return { ...refused, headers: { ...common, ...refused.headers } };
  }
  const { first, last } = range.kind === 'part' ? range : { first: 0, last: stats.size - 1 };
  const length = last - first + 1;
  const headersToSend = {
    ...common,
    'content-type': 'application/octet-stream',
    'content-disposition': contentDisposition(name),
    'content-length': String(length),
    'content-security-policy': `${API_POLICY}; sandbox`,
    ...(range.kind === 'part' ? { 'content-range': `bytes ${first}-${last}/${stats.size}` } : {}),
  };
  const isRead = method !== 'HEAD' && length > 0;
  const body = isRead
    ? handle.createReadStream({ start: first, end: last, highWaterMark: READ_BYTES, autoClose: true })
    : null;
  return { status: range.kind === 'part' ? 206 : 200, headers: headersToSend, body };
}

/** Somebody cut it, or a power cut did before it was synced: half a film is not what was asked for. */
function tooShort(bytes: number, wanted: number): SluiceError {
  return new SluiceError('file_missing', `Only ${bytes} of the ${wanted} bytes of the file are left.`);
}

/** Node's types do not name this header. */
function ifRangeOf({ 'if-range': value }: IncomingMessage['headers']): string | null {
  return typeof value === 'string' ? value : null;
}

function isRecordedFile({ ino, birthtimeMs, mtimeMs, size }: Stats, { mark }: DownloadedFile): boolean {
  if (mark === undefined) return true;
  const times = { bornMs: Math.floor(birthtimeMs), modifiedMs: Math.floor(mtimeMs) };
  return hasMark({ inode: String(ino), ...times, bytes: size }, mark);
}

/** Never opens anything outside the folder: a base name only, and symbolic links are not followed. */
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

/** A replaced file has another inode; a changed one has another time or size. */
function validatorsOf({ ino, size, mtimeMs, mtime }: Stats): Validators {
  const parts = [ino, size, Math.round(mtimeMs * 1000)].map((part) => part.toString(36));
  return { etag: `"${parts.join('-')}"`, modified: mtime.toUTCString() };
}
