/**
 * The commands of a session, one entry for each. The bodies of the HTTP calls, the ws messages and the types of the
 * client's `send` are derived from this table.
 */
import * as v from 'valibot';
import type { DownloadView } from './download.ts';
import { SluiceError } from './error.ts';
import { DOWNLOAD_ID } from './ids.ts';
import { type EngineName, isEngineName, type ParseResult } from './media.ts';

/** Ids that clients choose for their commands: kept 24 h, one namespace a session. */
const CommandId = v.pipe(v.string(), v.regex(/^[\w.:-]{1,64}$/));
const DownloadId = v.pipe(v.string(), v.regex(DOWNLOAD_ID));
const Url = v.pipe(v.string(), v.nonEmpty());
const Engine = v.nullish(v.custom<EngineName>(isEngineName), null);
/** Any case is accepted, lower case is stored. Null means the same as absent. */
const Sha256 = v.pipe(
  v.nullish(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/i), v.toLowerCase())),
  v.transform((hex) => hex ?? undefined),
);
/** A character that `safeFileName` keeps: not a blank, a dot, a separator or an invisible one. */
const USABLE_CHARACTER = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*.]/u;

/** The longest cursor, in characters of base64url. */
export const MAX_CURSOR_CHARS = 12_000;

/** The HTTP status of a result: 202 where work goes on after the answer, 204 without a body. */
type ResultStatus = 200 | 202 | 204;

/** A command's fields, in the order in which they are logged. `result` is only a type. */
interface CommandSpec<F extends v.ObjectEntries, R> {
  schema: v.StrictObjectSchema<F, undefined>;
  status: ResultStatus;
  result?: R;
}

/** Curried, since TypeScript cannot infer `F` where `R` is given. */
function commandReturning<R>(status: ResultStatus = 202) {
  return <const F extends v.ObjectEntries>(fields: F): CommandSpec<F, R> => ({
    schema: v.strictObject(fields),
    status,
  });
}

const downloadAction = commandReturning<DownloadView>()({ downloadId: DownloadId });

const COMMANDS = {
  parse: commandReturning<ParseResult>(200)({
    url: Url,
    engine: Engine,
    /** The `next` of the page before. */
    cursor: v.nullish(v.pipe(v.string(), v.maxLength(MAX_CURSOR_CHARS), v.regex(/^[\w-]+$/)), null),
  }),
  add: commandReturning<{ id: string }>()({
    url: Url,
    streamId: v.nullish(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)), null),
    engine: Engine,
    /** The requested base name: at most 1,024 characters, made safe before use. */
    filename: v.nullish(v.pipe(v.string(), v.regex(USABLE_CHARACTER), v.maxLength(1024)), null),
    /** The title that was shown when it was picked; the engine's own replaces it. */
    title: v.nullish(v.pipe(v.string(), v.maxLength(1024)), null),
    /** The expected hash of the finished file. */
    sha256: Sha256,
  }),
  pause: downloadAction,
  resume: downloadAction,
  cancel: downloadAction,
  retry: downloadAction,
  remove: commandReturning<null>(204)({
    downloadId: DownloadId,
    file: v.optional(v.picklist(['keep', 'delete']), 'keep'),
  }),
} as const;

type CommandTable = typeof COMMANDS;
export type CommandName = keyof CommandTable;

/** What a caller passes. */
export type CommandInput<N extends CommandName> = v.InferInput<CommandTable[N]['schema']>;
/** The validated input, with defaults. */
export type CommandFields<N extends CommandName> = v.InferOutput<CommandTable[N]['schema']>;
export type CommandResult<N extends CommandName> = Exclude<CommandTable[N]['result'], undefined>;

/** @param name of a command, or of a request that only reads */
export function resultStatus(name: string): ResultStatus {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName].status : 200;
}

export type Command = { [N in CommandName]: { name: N } & CommandFields<N> }[CommandName];

const names = Object.keys(COMMANDS) as CommandName[];
const messageOf = (name: CommandName) =>
  v.strictObject({
    type: v.literal('command'),
    id: CommandId,
    name: v.literal(name),
    ...(COMMANDS[name].schema.entries as v.ObjectEntries),
  });
const Message = v.variant('name', names.map(messageOf) as [ReturnType<typeof messageOf>]);

export type CommandMessage = { type: 'command'; id: string } & Command;

/** @throws SluiceError as `validate` */
export function readCommandMessage(json: unknown): CommandMessage {
  return validate(Message, json) as unknown as CommandMessage;
}

const bodies = Object.fromEntries(
  names.map((name) => {
    const fields = COMMANDS[name].schema.entries as v.ObjectEntries;
    // A parse changes nothing, so repeating it needs no id for deduplication.
    return [
      name,
      v.strictObject(name === 'parse' ? fields : { ...fields, commandId: v.optional(CommandId) }),
    ];
  }),
);

/**
 * The body of an HTTP call.
 * @throws SluiceError as `validate`
 */
export function readCommandBody<N extends CommandName>(
  name: N,
  json: unknown,
): CommandFields<N> & { commandId?: string } {
  return validate(bodies[name]!, json) as unknown as CommandFields<N> & { commandId?: string };
}

/** Fields with error codes of their own. */
const FIELD_ERRORS: Record<string, (given: string) => SluiceError> = {
  // The caller can list the engines and pick another.
  engine: engineUnknown,
  sha256: (given) =>
    new SluiceError('invalid_sha256', `A SHA-256 has 64 hex digits, ${quoted(given, 72)} is none.`),
  filename: (given) =>
    new SluiceError(
      'invalid_filename',
      `A file cannot be called ${quoted(given, 64)}: nothing of it is left, or it is too long.`,
    ),
};

export function engineUnknown(name: string): SluiceError {
  return new SluiceError('engine_unknown', `There is no engine called ${quoted(name, 64)}.`);
}

/** @throws SluiceError `invalid_json` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SluiceError('invalid_json');
  }
}

/** @throws SluiceError `invalid_request`, naming the first field that is wrong, or the code of that field */
export function validate<const S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  // A field that does not belong there may be called `constructor`.
  const special = path !== null && Object.hasOwn(FIELD_ERRORS, path) ? FIELD_ERRORS[path] : undefined;
  if (special && typeof issue.input === 'string') throw special(issue.input);
  throw new SluiceError('invalid_request', path ? `${path}: ${issue.message}` : issue.message);
}

function quoted(text: string, maxLength: number): string {
  return JSON.stringify(text.slice(0, maxLength));
}
