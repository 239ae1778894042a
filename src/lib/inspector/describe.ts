/** Turns notes into what a reader is sent: plain, without secrets, contexts as what changed in them. */
import type { Json, Observation, EntityId } from '../protocol/inspection.ts';
import { edgeId } from './charts/edge-id.ts';
import { summaryOf } from './frame-summary.ts';
import type { Note, Noted, OutputSlot } from './note.ts';
import { plain, readable } from './plain.ts';

const SHOWN_OUTPUT = 200;

/** Remembers, for one reader, what it knows of each actor's context. */
export class Describer {
  readonly #contexts = new Map<EntityId, object>();

  /** @param session whose reader it is; null = the operator */
  of({ n, at, about, session, cause, note }: Noted, reader: string | null): Observation {
    const seen = { n, at, about, session: session ?? null, cause: cause === null ? null : readable(cause) };
    return { ...seen, ...this.#body(about, note, reader) } as Observation;
  }

  /** From here on, everything of that actor is new again. */
  forget(about: EntityId): void {
    this.#contexts.delete(about);
  }

  #body(about: EntityId, note: Note, reader: string | null): object {
    switch (note.kind) {
      case 'event': {
        const { from, event } = note;
        return { kind: note.kind, from, event: event.type, data: dataOf(event) };
      }
      case 'transition': {
        const { kind, machine, event, value, took, context } = note;
        return {
          kind,
          machine,
          event,
          value: pathOf(value),
          took: took.flatMap((edge) => edgeId(edge) ?? []),
          changed: this.#changed(about, context),
        };
      }
      case 'action':
        return { kind: note.kind, action: note.action, params: plain(note.params) ?? null };
      case 'spawn':
        return { kind: note.kind, machine: note.machine, value: pathOf(note.value) };
      case 'stop':
        this.forget(about);
        return note;
      case 'life':
        return { ...note, error: messageOf(note.error) };
      case 'commit':
        return commitFor(note, reader);
      case 'frame': {
        const { kind, direction, bytes, text } = note;
        return { kind, direction, bytes, summary: readable(summaryOf(text)) };
      }
      case 'command': {
        const { command, kind } = note;
        return { kind, command: command.type, data: dataOf(command) };
      }
      case 'news': {
        const { news, kind } = note;
        const phase = news.type === 'phase' ? news.phase : null;
        return { kind, news: news.type, phase, data: dataOf(news) };
      }
      case 'process':
        return { ...note, argv: note.argv.map(readable) };
      case 'output': {
        const { fd, bytes } = note.slot;
        return { kind: note.kind, fd, bytes, text: endOf(note.slot) };
      }
      default:
        return note;
    }
  }

  /** By dot path, two keys deep: a machine's row is new with each sample, but little in it. */
  #changed(about: EntityId, context: object): { [path: string]: Json } {
    const before = this.#contexts.get(about) as Record<string, unknown> | undefined;
    this.#contexts.set(about, context);
    const changed: { [path: string]: Json } = {};
    if (before === context) return changed;
    for (const [key, value] of Object.entries(context) as [string, unknown][]) {
      const old = before?.[key];
      if (before !== undefined && old === value) continue;
      if (!isObject(value) || !isObject(old)) put(changed, key, value);
      else
        for (const name in value) if (value[name] !== old[name]) put(changed, `${key}.${name}`, value[name]);
    }
    return changed;
  }
}

/** `{download: 'throttle'}` → `download.throttle`; of parallel states the first. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return '';
  const [name, inner] = Object.entries(value)[0] ?? ['', null];
  const rest = pathOf(inner);
  return rest === '' ? name : `${name}.${rest}`;
}

function put(changed: { [path: string]: Json }, path: string, value: unknown): void {
  const shown = plain(value);
  if (shown !== undefined) changed[path] = shown;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without what the observation says by itself, and without output, which has its own place. */
function dataOf(message: object): Json {
  const {
    type: _type,
    cause: _cause,
    at: _at,
    output: _output,
    ...data
  } = message as Record<string, unknown>;
  return plain(data) ?? {};
}

/** A session is told of its own part; how much others wrote beside it is theirs. */
function commitFor(note: Extract<Note, { kind: 'commit' }>, reader: string | null): object {
  const { kind, outcome, sessions, writes, durationMs } = note;
  if (reader === null) return { kind, outcome, actors: sessions.length, writes, durationMs };
  return { kind, outcome, actors: 1, writes: sessions.length === 1 ? writes : null, durationMs };
}

function messageOf(error: unknown): string | null {
  if (error === null || error === undefined) return null;
  if (error instanceof Error) return readable(error.message);
  return typeof error === 'string' ? readable(error) : 'something that is no error';
}

function endOf({ masked }: OutputSlot): string {
  if (masked === null) return '';
  // A character is four bytes at most; cut among bytes, it may begin with half of one.
  return new TextDecoder().decode(masked.subarray(-4 * SHOWN_OUTPUT)).slice(-SHOWN_OUTPUT);
}
