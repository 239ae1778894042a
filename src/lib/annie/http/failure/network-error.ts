/** Maps what the HTTP client throws to our codes. Pure. */
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';

const CODES: Record<string, ErrorCode> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'engine_stalled',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'size_mismatch',
  UND_ERR_HEADERS_OVERFLOW: 'remote_status',
  UND_ERR_SOCKET: 'connection_lost',
  UND_ERR_DESTROYED: 'connection_lost',
  ECONNRESET: 'connection_lost',
  ECONNABORTED: 'connection_lost',
  EPIPE: 'connection_lost',
  ETIMEDOUT: 'connection_lost',
  EHOSTUNREACH: 'connection_lost',
  ENETUNREACH: 'connection_lost',
  ENETDOWN: 'connection_lost',
  ERR_STREAM_PREMATURE_CLOSE: 'connection_lost',
};

/**
 * The error for `thrown`; after an abort its reason.
 * @param inBody an orderly close of the connection before the announced end is `size_mismatch`
 */
export function networkError(thrown: unknown, signal: AbortSignal | null, inBody = false): unknown {
  if (signal?.aborted) return signal.reason;
  if (thrown instanceof SluiceError) return thrown;
  const code = codeOf(thrown);
  const message = thrown instanceof Error ? thrown.message : '';
  // Of llhttp, without its code: the connection was closed within a chunk.
  const wasClosedInChunk = message.includes('Invalid EOF state');
  if (inBody && (isOrderlyClose(thrown) || wasClosedInChunk)) {
    return new SluiceError('size_mismatch', 'The connection was closed before the announced end.', {
      cause: thrown,
    });
  }
  // Of llhttp, with or without its code.
  if (thrown instanceof Error && thrown.name === 'HTTPParserError')
    return new SluiceError('not_http', undefined, { cause: thrown });
  // zlib's, brotli's and zstd's own codes: the body is not what Content-Encoding says
  if (code === 'Z_BUF_ERROR') {
    return new SluiceError('size_mismatch', 'The body ended before its coding did.', { cause: thrown });
  }
  if (/^(Z_|ERR__ERROR_|ZSTD_)/.test(code)) {
    return new SluiceError('remote_status', 'The body is not in the coding that the server says.', {
      cause: thrown,
    });
  }
  const known = CODES[code];
  if (known !== undefined) return new SluiceError(known, undefined, { cause: thrown });
  return asDiskError(thrown) ?? new SluiceError('connection_lost', undefined, { cause: thrown });
}

/** Of the connection, by its server. */
export function isOrderlyClose(thrown: unknown): thrown is Error {
  return codeOf(thrown) === 'UND_ERR_SOCKET' && (thrown as Error).message === 'other side closed';
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
