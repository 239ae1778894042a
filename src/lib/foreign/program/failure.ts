/** What an engine that is a program says of its failure: a code of ours in an `error` line, else its last words. */
import { type ErrorCode, SluiceError } from '../../protocol/error.ts';
import { projectEngineJson } from '../json/engine-json.ts';
import type { Shape } from '../json/project.ts';
import { lastErrorLines } from '../error-lines.ts';
import { serializeError, type SerializedError } from '../serialized-error.ts';
import { linesOf } from '../text.ts';

/** What an engine may say: nothing about this server or a request to it. */
const PROGRAM_CODES: readonly ErrorCode[] = [
  ...(['unsupported_url', 'no_media', 'stream_not_found', 'live_stream', 'encrypted', 'not_media'] as const),
  ...(['engine_exit', 'engine_missing', 'engine_version', 'ffmpeg_missing', 'invalid_manifest'] as const),
  ...(['dns_failed', 'connect_failed', 'connection_lost', 'tls_failed', 'timeout'] as const),
  ...(['remote_not_found', 'remote_denied', 'remote_busy', 'remote_error', 'remote_status'] as const),
  ...(['login_required', 'members_only', 'password_required', 'geo_blocked', 'client_blocked'] as const),
  ...(['too_many_redirects', 'size_mismatch', 'file_changed', 'disk_full'] as const),
];
const MAX_MESSAGE_CHARS = 300;
const SHAPE: Shape = { fields: { code: 'scalar', message: 'scalar' } };

export interface ProgramExit {
  /** Its name in error messages. */
  engine: string;
  /** Its last `error` line, as printed; null = none. */
  line: string | null;
  /** The end of its stderr. */
  stderr: string;
  exitCode: number | null;
  signal: string | null;
}

export function readProgramFailure(exit: ProgramExit): SerializedError {
  try {
    return serializeError(failureOf(exit));
  } catch (thrown) {
    if (thrown instanceof SluiceError) return serializeError(thrown);
    throw thrown;
  }
}

/** @throws SluiceError `engine_output` when the line is no JSON */
export function failureOf({ engine, line, stderr, exitCode, signal }: ProgramExit): SluiceError {
  if (line !== null) {
    const json = projectEngineJson(engine, Buffer.from(line), SHAPE).value as Record<string, unknown>;
    const code = PROGRAM_CODES.find((known) => known === json['code']) ?? 'engine_exit';
    const said = typeof json['message'] === 'string' ? cleaned(json['message']) : '';
    return new SluiceError(code, said === '' ? undefined : `${engine}: ${said}`);
  }
  const last = lastErrorLines([...linesOf(stderr)].filter((each) => each.trim() !== '')).at(-1);
  const how = signal === null ? `exit code ${exitCode}` : signal;
  const words = last === undefined ? 'ended without a word' : `ended (${cleaned(last)})`;
  return new SluiceError('engine_exit', `${engine} ${words}: ${how}.`);
}

/** One line, without colours, control characters and the folders of this machine. */
function cleaned(text: string): string {
  const clean = text
    .slice(0, 4 * MAX_MESSAGE_CHARS)
    // eslint-disable-next-line no-control-regex -- colours are what is removed
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replace(/(?<![\w:/])\/(?:[^\s/'"]+\/)+([^\s/'"]*)/g, '$1')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toWellFormed();
  return clean.length > MAX_MESSAGE_CHARS ? `${clean.slice(0, MAX_MESSAGE_CHARS)}…` : clean;
}
