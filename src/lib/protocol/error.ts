import type { PageItself } from './page-itself.ts';

/**
 * Every error has a stable code. This table is the whole list: the HTTP status, whether an automatic retry may help, and
 * a plain sentence. `docs/errors.md` adds the remedy; a test compares the two.
 */
export const ERRORS = {
  // the request
  invalid_json: { status: 400, transient: false, title: 'The body is not JSON.' },
  invalid_request: { status: 400, transient: false, title: 'A field is missing or of the wrong kind.' },
  invalid_url: { status: 400, transient: false, title: 'That is not a web address.' },
  url_too_long: { status: 400, transient: false, title: 'The address is longer than 8 kB.' },
  unsupported_scheme: {
    status: 400,
    transient: false,
    title: 'Only http and https addresses can be fetched.',
  },
  invalid_filename: { status: 400, transient: false, title: 'The file name cannot be used.' },
  invalid_sha256: { status: 400, transient: false, title: 'A SHA-256 has 64 hex digits.' },
  invalid_cursor: { status: 400, transient: false, title: 'The cursor is not one of ours.' },
  invalid_recording: { status: 400, transient: false, title: 'That file is not a recording.' },
  invalid_trace: { status: 400, transient: false, title: 'That file is not a trace.' },
  trace_newer: { status: 400, transient: false, title: 'The trace was written by a newer Sluice.' },
  unauthorized: { status: 401, transient: false, title: 'No session: open the page or send a token.' },
  two_sessions: { status: 409, transient: false, title: 'Two cookies name a list: none counts.' },
  sign_in_required: {
    status: 401,
    transient: false,
    title: 'This server wants to know who you are: sign in.',
  },
  wrong_password: { status: 403, transient: false, title: 'There is no such name with that password.' },
  proxy_refused: {
    status: 403,
    transient: false,
    title: 'The request says who sends it, and does not come from the proxy that may.',
  },
  sign_in_over: {
    status: 410,
    transient: false,
    title: 'That sign-in is over, or was begun in another browser: begin again.',
  },
  sign_in_denied: { status: 403, transient: false, title: 'The sign-in was called off, or refused.' },
  not_admitted: { status: 403, transient: false, title: 'You are known there, but may not sign in here.' },
  identity_taken: { status: 409, transient: false, title: 'Somebody here signs in with that account.' },
  issuer_away: { status: 503, transient: true, title: 'Where people sign in cannot be reached at present.' },
  issuer_answer: {
    status: 502,
    transient: false,
    title: 'What came from where people sign in does not hold.',
  },
  issuer_clock: {
    status: 502,
    transient: false,
    title: 'The clocks of this server and of where people sign in differ.',
  },
  not_operator: { status: 403, transient: false, title: 'Only an operator may do that.' },
  visit_over: { status: 403, transient: false, title: 'That list is not open to you, or not any more.' },
  name_taken: { status: 409, transient: false, title: 'Somebody has that name already.' },
  last_operator: { status: 409, transient: false, title: 'That is the last operator.' },
  too_many_people: { status: 409, transient: false, title: 'As many as there may be are there already.' },
  scope_refused: { status: 403, transient: false, title: 'This token may not do that.' },
  forbidden_host: { status: 403, transient: false, title: 'This server does not answer to that host name.' },
  forbidden_origin: { status: 403, transient: false, title: 'Requests from another site are refused.' },
  address_refused: { status: 403, transient: false, title: 'That address is private and not allowed here.' },
  not_found: { status: 404, transient: false, title: 'There is no such thing here.' },
  method_not_allowed: { status: 405, transient: false, title: 'That method is not for this address.' },
  wrong_state: { status: 409, transient: false, title: 'The download is not in a state that allows this.' },
  command_conflict: { status: 409, transient: false, title: 'That command id was used for something else.' },
  link_used: { status: 410, transient: false, title: 'That link can no longer be used.' },
  body_too_large: { status: 413, transient: false, title: 'The body is over 64 KiB.' },
  too_many_devices: { status: 409, transient: false, title: 'This list has 64 devices already.' },
  too_many_secrets: { status: 409, transient: false, title: 'This list keeps 64 sign-ins already.' },
  secret_unreadable: {
    status: 409,
    transient: false,
    title: 'A stored sign-in cannot be read: set it again.',
  },
  secret_key_unusable: {
    status: 500,
    transient: false,
    title: 'The key for stored sign-ins cannot be used.',
  },
  range_not_satisfiable: { status: 416, transient: false, title: 'That part is not in the file.' },
  unsupported_media_type: { status: 415, transient: false, title: 'The body has to be application/json.' },
  too_many_requests: { status: 429, transient: true, title: 'Too much at once: try again shortly.' },
  internal_error: { status: 500, transient: true, title: 'Something broke inside Sluice.' },
  not_ready: {
    status: 503,
    transient: true,
    title: 'Sluice is starting or stopping, or nothing can be stored.',
  },
  // engines
  engine_unknown: { status: 400, transient: false, title: 'There is no engine of that name.' },
  engine_missing: { status: 422, transient: false, title: 'That engine is not installed.' },
  engine_version: {
    status: 422,
    transient: false,
    title: 'The installed engine is too old or not what it says.',
  },
  engine_exit: { status: 502, transient: true, title: 'The engine failed.' },
  engine_output: { status: 502, transient: false, title: 'The engine answered something we cannot read.' },
  engine_stalled: { status: 504, transient: true, title: 'No byte arrived for too long.' },
  unsupported_url: { status: 422, transient: false, title: 'No engine can fetch this address.' },
  no_media: { status: 422, transient: false, title: 'There is no video, audio or file on that page.' },
  stream_not_found: { status: 422, transient: false, title: 'That quality is not offered (any more).' },
  live_stream: { status: 422, transient: false, title: 'Live streams cannot be downloaded.' },
  encrypted: { status: 422, transient: false, title: 'The stream is protected in a way we do not open.' },
  ffmpeg_missing: { status: 422, transient: false, title: 'Joining video and audio needs ffmpeg.' },
  not_media: {
    status: 502,
    transient: false,
    title: 'What came as video or audio is something else, which is not opened.',
  },
  invalid_manifest: { status: 502, transient: false, title: 'The manifest cannot be read.' },
  too_complex: {
    status: 502,
    transient: false,
    title: 'What came takes too long or too much memory to read.',
  },
  // the other side of the network
  network_down: { status: 503, transient: true, title: 'This machine has no network.' },
  host_away: { status: 503, transient: true, title: 'The server cannot be reached at present.' },
  network_login: { status: 503, transient: true, title: 'This network wants a login first.' },
  dns_failed: { status: 502, transient: true, title: 'The host name could not be found.' },
  connect_failed: { status: 502, transient: true, title: 'The server could not be reached.' },
  connection_lost: { status: 502, transient: true, title: 'The connection broke.' },
  tls_failed: { status: 502, transient: false, title: 'The secure connection could not be trusted.' },
  timeout: { status: 504, transient: true, title: 'The server took too long.' },
  remote_not_found: { status: 502, transient: false, title: 'The server says: not found.' },
  remote_denied: { status: 502, transient: false, title: 'The server says: not allowed.' },
  remote_link_used: {
    status: 502,
    transient: false,
    title: 'The link has worked before, and does not any more.',
  },
  login_required: { status: 502, transient: false, title: 'The site wants a login.' },
  members_only: {
    status: 502,
    transient: false,
    title: 'The site gives this to members or subscribers only.',
  },
  password_required: { status: 502, transient: false, title: 'A password protects this video.' },
  geo_blocked: {
    status: 502,
    transient: false,
    title: 'The site does not offer this in the country of this server.',
  },
  client_blocked: {
    status: 502,
    transient: false,
    title: 'The site takes this server for a robot, or blocks its address.',
  },
  remote_busy: { status: 502, transient: true, title: 'The server asks to come back later.' },
  remote_error: { status: 502, transient: true, title: 'The server has a problem of its own.' },
  remote_status: { status: 502, transient: false, title: 'The server gave an answer we cannot use.' },
  not_http: { status: 502, transient: false, title: "The server's answer is not valid HTTP." },
  head_too_long: { status: 502, transient: false, title: "The head of the server's answer is too long." },
  remote_contradiction: {
    status: 502,
    transient: false,
    title: 'The server contradicts what it said of the file before.',
  },
  too_many_redirects: { status: 502, transient: false, title: 'The address leads in circles.' },
  size_mismatch: { status: 502, transient: true, title: 'Fewer or more bytes came than were announced.' },
  checksum_mismatch: {
    status: 502,
    transient: false,
    title: 'The file is not the one whose SHA-256 was given.',
  },
  file_changed: {
    status: 502,
    transient: true,
    title: 'The file changed on the server while it was fetched.',
  },
  // this machine
  disk_full: { status: 507, transient: true, title: 'The disk is full.' },
  disk_share: {
    status: 507,
    transient: true,
    title: 'Little room is left on the disk, and it is for those whose lists hold less of it.',
  },
  person_limit: {
    status: 507,
    transient: true,
    title: 'The room on the disk that an operator gave you is used up.',
  },
  disk_denied: { status: 500, transient: true, title: 'The download folder cannot be written.' },
  disk_read_only: { status: 500, transient: true, title: 'The download folder is read-only.' },
  disk_missing: { status: 500, transient: true, title: 'The download folder is gone.' },
  disk_error: { status: 500, transient: true, title: 'The disk gave an error.' },
  removal_waits: {
    status: 503,
    transient: false,
    title: 'The entry is removed; its file is deleted once the download folder can be written again.',
  },
  work_removed: {
    status: 500,
    transient: true,
    title: 'The bytes fetched so far were removed: the download begins anew.',
  },
  store_newer: { status: 500, transient: false, title: 'The stored state was written by a newer Sluice.' },
  server_blocked: {
    status: 500,
    transient: false,
    title: 'Three times in a row the server stopped answering while it worked on this.',
  },
  file_missing: { status: 404, transient: false, title: 'The file is no longer where it was put.' },
  data_dir_busy: { status: 503, transient: true, title: 'Another Sluice is using the data folder.' },
  storage_limit: { status: 413, transient: false, title: 'That is more than the store takes.' },
  store_missing: { status: 503, transient: false, title: 'The state store is not where it was.' },
  row_damaged: { status: 500, transient: false, title: 'This entry of the list was damaged on the disk.' },
  store_corrupt: { status: 500, transient: false, title: 'The state store is damaged.' },
} as const satisfies Record<string, { status: number; transient: boolean; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error as it is stored and sent: never with a stack or a path of this machine. */
export interface ErrorView {
  code: ErrorCode;
  /** One English sentence with the particulars. The page shows its own text for `code` first. */
  message: string;
  /** Of a look-up's `no_media`: what can be saved of it. */
  page?: PageItself;
}

export interface ErrorDetails {
  /** Wait at least this long before trying again, in milliseconds (from Retry-After). */
  retryAfterMs?: number;
  /** Overrides the table: some engine failures are known to be permanent. */
  transient?: boolean;
  /** See `ErrorView`. */
  page?: PageItself | undefined;
  cause?: unknown;
}

export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly transient: boolean;
  readonly retryAfterMs: number | null;
  readonly page: PageItself | null;

  constructor(code: ErrorCode, message: string = ERRORS[code].title, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.transient = details.transient ?? ERRORS[code].transient;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.page = details.page ?? null;
  }

  /** As it came over a wire. */
  static of({ code, message, page }: ErrorView): SluiceError {
    return new SluiceError(code, message, { page });
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get view(): ErrorView {
    const { code, message, page } = this;
    return { code, message, ...(page === null ? {} : { page }) };
  }
}

/** Turns a thrown value into a SluiceError; an unknown one becomes `internal_error` with it as the cause. */
export function toSluiceError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  return new SluiceError('internal_error', undefined, { cause: thrown });
}
