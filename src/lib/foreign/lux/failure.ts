/** Maps the error messages of lux and annie to our codes. */
import { SluiceError } from '../../protocol/error.ts';
import { serializeError, type SerializedError } from '../serialized-error.ts';
import { NOT_STARTED_PATTERNS, REFUSAL_PATTERNS } from '../refusal-patterns.ts';
import { type FailedRun, lastErrorLines, type ErrorPatterns, findKnownError } from '../error-lines.ts';
import { linesOf } from '../text.ts';

/** The first match wins. Sources: recordings of lux and annie, and the errors of Go's net/http. */
const PATTERNS: ErrorPatterns = [
  [/no space left on device/i, 'disk_full'],
  [/read-only file system/i, 'disk_read_only'],
  [/permission denied/i, 'disk_denied'],
  [/"?ff(mpeg|probe)"?: executable file not found|ffmpeg.*not (found|installed)/i, 'ffmpeg_missing'],
  [/no stream named|stream .* not found/i, 'stream_not_found'],
  [/\bHTTP (404|410)\b/, 'remote_not_found'],
  [/\bHTTP (401|403|407|451)\b|Forbidden|Proxy Authentication Required/i, 'remote_denied'],
  [/\bHTTP (429|503)\b/, 'remote_busy'],
  [/\bHTTP 5\d\d\b/, 'remote_error'],
  [/\bHTTP \d{3}\b/, 'remote_status'],
  [/stopped after \d+ redirects/i, 'too_many_redirects'],
  [/Client\.Timeout|i\/o timeout|deadline exceeded|TLS handshake timeout/i, 'timeout'],
  [/no such host|server misbehaving|Temporary failure in name resolution/i, 'dns_failed'],
  [/connection refused|network is unreachable|no route to host/i, 'connect_failed'],
  [/connection reset|unexpected EOF|broken pipe|\bEOF$/i, 'connection_lost'],
  [/x509|certificate|tls: /i, 'tls_failed'],
  [/invalid URI|unsupported protocol|Content-Length is not present|can't find extractor/i, 'unsupported_url'],
  [/video not found|no (playable|downloadable) (url|video)|no content/i, 'no_media'],
  ...REFUSAL_PATTERNS,
  ...NOT_STARTED_PATTERNS,
];

interface LuxExit extends FailedRun {
  /** Its name in error messages. */
  engine: string;
}

export function readLuxFailure({ engine, lines, exitCode, signal }: LuxExit): SerializedError {
  return serializeError(failureOf(engine, lines, exitCode, signal));
}

/** @param engine its name in error messages @param lines its error lines, in order */
export function failureOf(
  engine: string,
  lines: readonly string[],
  exitCode: number | null,
  signal: string | null,
): SluiceError {
  const lastLines = lastErrorLines(lines);
  const last = lastLines.at(-1);
  if (last === undefined) {
    const how = signal === null ? `exit code ${exitCode}` : signal;
    return new SluiceError('engine_exit', `${engine} ended without a word (${how}).`);
  }
  const found = findKnownError(lastLines, PATTERNS);
  return new SluiceError(found?.code ?? 'engine_exit', messageOf(engine, found?.line ?? last));
}

const BEGINNING = 'Downloading ';
const END = ' error:';
const OTHER = /^(?:Run \S+ failed: |Incorrect Usage[:.] ?)(.*)$/;

/**
 * The messages in the lines after `Downloading URL error:`, which Go's stack follows, then those in a line of their own.
 */
export function errorLines(printed: string): string[] {
  const found: string[] = [];
  const others: string[] = [];
  let messageFollows = false;
  for (const line of linesOf(printed)) {
    const text = line.trim();
    if (messageFollows && text !== '') {
      found.push(text);
      messageFollows = false;
    } else if (text.endsWith(END)) {
      const start = text.indexOf(BEGINNING);
      messageFollows = start !== -1 && start + BEGINNING.length <= text.length - END.length;
    }
    const other = OTHER.exec(line)?.[1];
    if (other !== undefined) others.push(other);
  }
  return [...found, ...others];
}

function messageOf(engine: string, line: string): string {
  // eslint-disable-next-line no-control-regex -- colours are what is removed
  const clean = line.replace(/\u001b\[[0-9;]*m/g, '').replace(/\s+/g, ' ');
  return `${engine}: ${clean.length > 300 ? `${clean.slice(0, 300)}…` : clean}`;
}
