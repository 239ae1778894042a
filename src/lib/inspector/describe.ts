/** Turns records into the observations that a reader is sent: plain data without secrets, and only changes of contexts. */
import type { Json, Observation, EntityId } from '../protocol/inspection.ts';
import { transitionId } from './charts/transition-id.ts';
import { frameSummary } from './frame-summary.ts';
import type { RecordBody, ObservationRecord, OutputChunk } from './record.ts';
import { safeJson, safeText } from './safe-json.ts';

const SHOWN_OUTPUT_CHARACTERS = 200;

/** Describes records for one reader, and remembers the context that it last got of each actor. */
export class Describer {
  readonly #contexts = new Map<EntityId, object>();

  /** @param reader the reader's session; null = the operator */
  describe({ n, at, about, session, cause, body }: ObservationRecord, reader: string | null): Observation {
    const common = { n, at, about, session: session ?? null, cause: cause === null ? null : safeText(cause) };
    return { ...common, ...this.#body(about, body, reader) } as Observation;
  }

  /** The next context of that actor is described in full. */
  forget(about: EntityId): void {
    this.#contexts.delete(about);
  }

  #body(about: EntityId, body: RecordBody, reader: string | null): object {
    switch (body.kind) {
      case 'event': {
        const { from, event } = body;
        return { kind: body.kind, from, event: event.type, data: dataOf(event) };
      }
      case 'transition': {
        const { kind, machine, event, value, took, context } = body;
        return {
          kind,
          machine,
          event,
          value: statePath(value),
          took: took.flatMap((edge) => transitionId(edge) ?? []),
          changed: this.#changed(about, context),
        };
      }
      case 'action':
        return { kind: body.kind, action: body.action, params: safeJson(body.params) ?? null };
      case 'spawn':
        return { kind: body.kind, machine: body.machine, value: statePath(body.value) };
      case 'stop':
        this.forget(about);
        return body;
      case 'life':
        return { ...body, error: messageOf(body.error) };
      case 'commit':
        return commitFor(body, reader);
      case 'frame': {
        const { kind, direction, bytes, text } = body;
        return { kind, direction, bytes, summary: safeText(frameSummary(text)) };
      }
      case 'command': {
        const { command, kind } = body;
        return { kind, command: command.type, data: dataOf(command) };
      }
      case 'news': {
        const { news, kind } = body;
        const phase = news.type === 'phase' ? news.phase : null;
        return { kind, news: news.type, phase, data: dataOf(news) };
      }
      case 'process':
        return { ...body, argv: body.argv.map(safeText) };
      case 'output': {
        const { fd, bytes } = body.chunk;
        return { kind: body.kind, fd, bytes, text: outputTail(body.chunk) };
      }
      default:
        return body;
    }
  }

  /** By dot path, two keys deep: each sample makes a new row, but changes few of its fields. */
  #changed(about: EntityId, context: object): { [path: string]: Json } {
    const before = this.#contexts.get(about) as Record<string, unknown> | undefined;
    this.#contexts.set(about, context);
    const changed: { [path: string]: Json } = {};
    if (before === context) return changed;
    for (const [key, value] of Object.entries(context) as [string, unknown][]) {
      const old = before?.[key];
      if (before !== undefined && old === value) continue;
      if (!isObject(value) || !isObject(old)) setChanged(changed, key, value);
      else
        for (const name in value)
          if (value[name] !== old[name]) setChanged(changed, `${key}.${name}`, value[name]);
    }
    return changed;
  }
}

/** `{download: 'throttle'}` → `download.throttle`; the first of parallel states. */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return '';
  const [name, inner] = Object.entries(value)[0] ?? ['', null];
  const rest = statePath(inner);
  return rest === '' ? name : `${name}.${rest}`;
}

function setChanged(changed: { [path: string]: Json }, path: string, value: unknown): void {
  const shown = safeJson(value);
  if (shown !== undefined) changed[path] = shown;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without the fields that the observation has itself, and without output, which is stored beside the row. */
function dataOf(message: object): Json {
  const {
    type: _type,
    cause: _cause,
    at: _at,
    output: _output,
    ...data
  } = message as Record<string, unknown>;
  return safeJson(data) ?? {};
}

/** A session sees only its own part of a commit that it shares with others. */
function commitFor(body: Extract<RecordBody, { kind: 'commit' }>, reader: string | null): object {
  const { kind, outcome, sessions, writes, durationMs } = body;
  if (reader === null) return { kind, outcome, actors: sessions.length, writes, durationMs };
  return { kind, outcome, actors: 1, writes: sessions.length === 1 ? writes : null, durationMs };
}

function messageOf(error: unknown): string | null {
  if (error === null || error === undefined) return null;
  if (error instanceof Error) return safeText(error.message);
  return typeof error === 'string' ? safeText(error) : 'something that is no error';
}

function outputTail({ masked }: OutputChunk): string {
  if (masked === null) return '';
  // A character has at most 4 bytes; the cut may leave a partial one at the start, which the second slice removes.
  return new TextDecoder()
    .decode(masked.subarray(-4 * SHOWN_OUTPUT_CHARACTERS))
    .slice(-SHOWN_OUTPUT_CHARACTERS);
}
