/** What a person or a program can ask of a session: the bodies of the HTTP calls, and the same as ws commands. */
import * as v from 'valibot';
import { SluiceError } from './error.ts';
import { ENGINE_NAMES } from './media.ts';

/** Ids that clients choose for their commands: kept 24 h, one namespace a session. */
const CommandId = v.pipe(v.string(), v.regex(/^[\w.:-]{1,64}$/));
const Url = v.pipe(v.string(), v.nonEmpty());
const Engine = v.picklist(ENGINE_NAMES);
/** Any case comes in, lower case is kept. Null is as good as absent. */
const Sha256 = v.pipe(
  v.nullish(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/i), v.toLowerCase())),
  v.transform((hex) => hex ?? undefined),
);

/** Something of a name that is left once it is made safe (`safeFileName`): blanks, dots, separators and what is invisible is not. */
const USABLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*.]/u;

export const ParseBody = v.strictObject({ url: Url, engine: v.nullish(Engine, null) });
export type ParseBody = v.InferOutput<typeof ParseBody>;

export const AddBody = v.strictObject({
  url: Url,
  streamId: v.nullish(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)), null),
  engine: v.nullish(Engine, null),
  /** A wanted base name: at most 1,024 characters, made safe before use. */
  filename: v.nullish(v.pipe(v.string(), v.regex(USABLE), v.maxLength(1024)), null),
  /** The title that was shown when it was picked; the engine's own replaces it. */
  title: v.nullish(v.pipe(v.string(), v.maxLength(1024)), null),
  /** What the finished file has to hash to. */
  sha256: Sha256,
});
export type AddBody = v.InferOutput<typeof AddBody>;

export const AddRequest = v.strictObject({ ...AddBody.entries, commandId: v.optional(CommandId) });
export type AddRequest = v.InferOutput<typeof AddRequest>;

export const ACTIONS = ['pause', 'resume', 'cancel', 'retry'] as const;
export type Action = (typeof ACTIONS)[number];

const envelope = { type: v.literal('command'), id: CommandId };
const DownloadId = v.pipe(v.string(), v.regex(/^[\w-]{12}$/));

export const CommandMessage = v.variant('name', [
  v.strictObject({ ...envelope, name: v.literal('parse'), ...ParseBody.entries }),
  v.strictObject({ ...envelope, name: v.literal('add'), ...AddBody.entries }),
  v.strictObject({ ...envelope, name: v.picklist(ACTIONS), downloadId: DownloadId }),
  v.strictObject({
    ...envelope,
    name: v.literal('remove'),
    downloadId: DownloadId,
    file: v.optional(v.picklist(['keep', 'delete']), 'keep'),
  }),
]);
export type CommandMessage = v.InferOutput<typeof CommandMessage>;

/** @throws SluiceError `invalid_request`, naming the first field that is wrong */
export function parseBody<const S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  // Engine names have a code of their own: the caller can list the engines and pick another.
  if (path === 'engine' && typeof issue.input === 'string') {
    throw new SluiceError(
      'engine_unknown',
      `There is no engine called ${JSON.stringify(issue.input.slice(0, 64))}.`,
    );
  }
  if (path === 'sha256' && typeof issue.input === 'string') {
    const given = JSON.stringify(issue.input.slice(0, 72));
    throw new SluiceError('invalid_sha256', `A SHA-256 has 64 hex digits, ${given} is none.`);
  }
  if (path === 'filename' && typeof issue.input === 'string') {
    const given = JSON.stringify(issue.input.slice(0, 64));
    throw new SluiceError(
      'invalid_filename',
      `A file cannot be called ${given}: nothing of it is left, or it is too long.`,
    );
  }
  throw new SluiceError('invalid_request', path ? `${path}: ${issue.message}` : issue.message);
}
