/** Maps the error messages of yt-dlp to our codes. */
import { SluiceError } from '../../protocol/error.ts';
import { serializeError, type SerializedError } from '../serialized-error.ts';
import { NOT_STARTED_PATTERNS, REFUSAL_PATTERNS } from '../refusal-patterns.ts';
import { type FailedRun, lastErrorLines, type ErrorPatterns, findKnownError } from '../error-lines.ts';

/** The first match wins. Sources: `raise ExtractorError` and friends in yt-dlp 2026.10.26, and recordings. */
const PATTERNS: ErrorPatterns = [
  [/No space left on device|\[Errno 28\]|Disk quota exceeded|\[Errno 122\]/i, 'disk_full'],
  [/\[Errno 30\]|Read-only file system/i, 'disk_read_only'],
  [/unable to (open for writing|create directory|write data): .*Permission denied/i, 'disk_denied'],
  // our own words, of fragment-check.py and range-check.py
  [/What the server sent is not media/, 'not_media'],
  [/The answers of the server contradict each other/, 'remote_contradiction'],
  [/Requested format is not available/i, 'stream_not_found'],
  [/\bDRM\b/i, 'encrypted'],
  [
    /ffmpeg (is )?not (installed|found)|ffprobe and ffmpeg not found|You have requested merging/i,
    'ffmpeg_missing',
  ],
  // ffmpeg's last line of an input that it cannot read, which up to 6.0 names the file. A whitelist gives EINVAL; a retry
  // would read the same bytes.
  [
    /Postprocessing: (file:.*|Error opening input.*): (Invalid argument|Invalid data found when processing input|[Cc]ould not find codec parameters|End of file|Not yet implemented in FFmpeg, patches welcome|Protocol not found|Numerical result out of range)$|sluice: ff\w+ was not started/,
    'not_media',
  ],
  // The "video" has no picture, or the "audio" no sound.
  [
    /Postprocessing: (Stream map '.*' matches no streams|To ignore this, add a trailing '\?' to the map)/,
    'not_media',
  ],
  [/Unsupported URL|is not a valid URL|No suitable extractor/i, 'unsupported_url'],
  [
    /No video formats found|There('s| is) no video in|No video (could be )?found|No media found|No supported media|does not have an? [\w ]{1,30}tab\b/i,
    'no_media',
  ],
  // before the HTTP error that it is made of
  [/Cloudflare|anti-bot/i, 'client_blocked'],
  [/HTTP Error (404|410)\b/i, 'remote_not_found'],
  [/HTTP Error 402\b/i, 'members_only'],
  [/HTTP Error (401|403|407|451)\b/i, 'remote_denied'],
  [/HTTP Error (429|503)\b|Too Many Requests|(?:wait|try again in) a few minutes/i, 'remote_busy'],
  [/HTTP Error 5\d\d\b/i, 'remote_error'],
  [/HTTP Error 416\b/i, 'file_changed'],
  [/HTTP Error \d{3}\b/i, 'remote_status'],
  [/Too many redirects|redirect loop|infinite loop/i, 'too_many_redirects'],
  [/timed out|Timeout/i, 'timeout'],
  [
    /CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSL: |SSLError|EOF occurred in violation of protocol/i,
    'tls_failed',
  ],
  [
    /Name or service not known|getaddrinfo failed|Temporary failure in name resolution|No address associated|nodename nor servname/i,
    'dns_failed',
  ],
  [
    /Connection refused|Network is unreachable|No route to host|Failed to establish a new connection|Unable to connect to proxy/i,
    'connect_failed',
  ],
  [
    /Connection reset|Connection aborted|Remote end closed|IncompleteRead|ContentTooShort|Broken pipe|bytes read, .* more expected|Did not get any data blocks/i,
    'connection_lost',
  ],
  // Last, as network errors name hosts. A refusal may name what it is of, such as a live stream for subscribers.
  ...REFUSAL_PATTERNS.slice(0, -1),
  ...NOT_STARTED_PATTERNS,
  ...REFUSAL_PATTERNS.slice(-1),
];

/** The extractor and the id of what it was for, in which a refusal may stand. */
const SOURCE = /^(?:ERROR:\s*)?\[[\w:+.-]{1,80}\]\s*(?:\S{1,200}:\s)?/;

/** Not transient, although `engine_exit` usually is. */
const PERMANENT = /usage: |no such option|invalid .* value|: error: /i;

export function readYtDlpFailure({ lines, exitCode, signal }: FailedRun): SerializedError {
  return serializeError(failureOf(lines, exitCode, signal));
}

/** @param lines its ERROR lines, in order */
export function failureOf(
  lines: readonly string[],
  exitCode: number | null,
  signal: string | null,
): SluiceError {
  const lastLines = lastErrorLines(lines);
  // The last known error ended the run; unknown ones after it, as of a postprocessor, follow from it.
  const found = findKnownError(lastLines, PATTERNS, (line) => line.replace(SOURCE, ''));
  if (found) return new SluiceError(found.code, messageOf(found.line));
  const last = lastLines.at(-1);
  if (last === undefined) {
    const how = signal === null ? `exit code ${exitCode}` : signal;
    return new SluiceError('engine_exit', `yt-dlp ended without a word (${how}).`);
  }
  return new SluiceError('engine_exit', messageOf(last), PERMANENT.test(last) ? { transient: false } : {});
}

/** Removes colours, extractor names, advice about options and bug reports, and the paths of this machine. */
export function messageOf(line: string): string {
  const clean = line
    // eslint-disable-next-line no-control-regex -- colours are what is removed
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replace(/^ERROR:\s*/, '')
    .replace(/^\[[\w:+.-]+\]\s*(\S+:\s)?/, '')
    .replace(/; please report this issue on .*$/s, '')
    // options of yt-dlp that nobody can give here, and what entry.py adds
    .replace(/\.? ?(?:Use|If you have .{0,40}use) --(?:cookies|username|video-password).*$/s, '')
    .replace(/ \[(?:login_required|geo restricted)\]/, '')
    .replace(/ \(caused by .*$/s, '')
    .replace(/\. Use --list-formats for a list of available formats/, '')
    .replace(/(?<![\w:/])\/(?:[^\s/'"]+\/)+([^\s/'"]*)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  return `yt-dlp: ${clean.length > 300 ? `${clean.slice(0, 300)}…` : clean}`;
}
