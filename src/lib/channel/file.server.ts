/** Serves a finished file as an attachment, so that no browser runs it or shows it as a page of this origin. */
import type { IncomingMessage } from 'node:http';
import { create as contentDisposition } from 'content-disposition';
import type { Files, OpenLandedFile } from '../files/files.server.ts';
import type { LandedFile } from '../files/landed-file.ts';
import { SluiceError } from '../protocol/error.ts';
import { problemAnswer } from '../protocol/problem.ts';
import type { ApiAnswer } from './api-answer.ts';
import { isNotModified, rangeApplies, readRange, type Validators } from './byte-range.ts';
import { API_POLICY } from './headers.ts';

/** @throws SluiceError as `Files.open` */
export async function serveFile(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  files: Files,
  file: LandedFile,
): Promise<ApiAnswer> {
  const opened = await files.open(file);
  let isStreaming = false;
  try {
    const answer = buildAnswer(request, opened, file.path.at(-1) ?? '');
    isStreaming = typeof answer.body === 'object' && answer.body !== null;
    return answer;
  } finally {
    if (!isStreaming) await opened.close();
  }
}

function buildAnswer(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  file: OpenLandedFile,
  name: string,
): ApiAnswer {
  const validators: Validators = { etag: `"${file.version}"`, modified: file.modified.toUTCString() };
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
  const range = readRange(wanted, file.bytes);
  if (range.kind === 'unsatisfiable') {
    const error = new SluiceError('range_not_satisfiable', `The file has ${file.bytes} bytes.`);
    const refused = problemAnswer(error, { 'content-range': `bytes */${file.bytes}` });
    return { ...refused, headers: { ...common, ...refused.headers } };
  }
  const { first, last } = range.kind === 'part' ? range : { first: 0, last: file.bytes - 1 };
  const length = last - first + 1;
  const headersToSend = {
    ...common,
    'content-type': 'application/octet-stream',
    'content-disposition': contentDisposition(name),
    'content-length': String(length),
    'content-security-policy': `${API_POLICY}; sandbox`,
    ...(range.kind === 'part' ? { 'content-range': `bytes ${first}-${last}/${file.bytes}` } : {}),
  };
  const isRead = method !== 'HEAD' && length > 0;
  const body = isRead ? file.read(first, last) : null;
  return { status: range.kind === 'part' ? 206 : 200, headers: headersToSend, body };
}

/** Node's types do not name this header. */
function ifRangeOf({ 'if-range': value }: IncomingMessage['headers']): string | null {
  return typeof value === 'string' ? value : null;
}
