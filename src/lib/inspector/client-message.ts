/** Parses the messages of inspector clients. */
import * as v from 'valibot';
import { parseJson } from '../protocol/commands.ts';
import { SluiceError } from '../protocol/error.ts';
import {
  type InspectorClientMessage,
  OBSERVATION_KINDS,
  type ObservationKind,
  type EntityId,
} from '../protocol/inspection.ts';

const Id = v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/));
const Actor = v.pipe(
  v.string(),
  v.regex(/^(?:host|store|clock|runner|(?:client|session|download|engine):[\w.-]{1,64})$/),
  v.transform((text) => text as EntityId),
);

const Message = v.variant('type', [
  v.strictObject({
    type: v.literal('watch'),
    since: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    kinds: v.optional(v.pipe(v.array(v.picklist(OBSERVATION_KINDS)), v.maxLength(OBSERVATION_KINDS.length))),
    session: v.optional(Id),
    actor: v.optional(Actor),
  }),
  v.strictObject({ type: v.literal('explain'), download: Id }),
]);

/** Which observations a reader asked for. */
export interface WatchFilter {
  since?: number;
  kinds?: ReadonlySet<ObservationKind>;
  session?: string;
  actor?: EntityId;
}

/** @throws SluiceError `invalid_json`, `invalid_request` */
export function parseInspectorMessage(text: string): InspectorClientMessage {
  const result = v.safeParse(Message, parseJson(text));
  if (!result.success) throw new SluiceError('invalid_request', result.issues[0].message);
  return result.output as InspectorClientMessage;
}

export function toWatchFilter(message: Extract<InspectorClientMessage, { type: 'watch' }>): WatchFilter {
  const { type: _, kinds, ...rest } = message;
  return kinds === undefined ? rest : { ...rest, kinds: new Set(kinds) };
}
