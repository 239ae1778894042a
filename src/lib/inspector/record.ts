/**
 * An observation as it is recorded: it holds references, and nothing is read, copied or made into text. Describing it for
 * a reader (`describe.ts`) happens later, outside any turn, and only if it is sent.
 */
import type { EntityId, Observation } from '../protocol/inspection.ts';
import type { RunnerCommand, RunnerEvent } from '../protocol/runner.ts';
import type { TransitionDefinition } from './charts/transition-id.ts';

type Kind<K extends Observation['kind']> = Extract<Observation, { kind: K }>;
type Fields<K extends Observation['kind']> = Omit<Kind<K>, 'n' | 'at' | 'about' | 'session' | 'cause'>;

/** One chunk of an engine's output. Its masked bytes are filled in later (`output-recorder.ts`). */
export interface OutputChunk {
  /** ms since the process began. */
  t: number;
  fd: 1 | 2;
  bytes: number;
  /** null until it is masked, and always null when it is not kept. */
  masked: Uint8Array | null;
}

export type RecordBody =
  | { kind: 'event'; from: EntityId | null; event: { type: string } }
  | {
      kind: 'transition';
      machine: string;
      event: string;
      value: unknown;
      took: readonly TransitionDefinition[];
      /** A machine's context; it is never mutated. */
      context: object;
    }
  | { kind: 'action'; action: string; params: unknown }
  | { kind: 'spawn'; machine: string; value: unknown }
  | Fields<'stop'>
  | Fields<'turn'>
  | { kind: 'life'; what: 'wake' | 'evict' | 'reset'; error: unknown }
  | Fields<'alarm'>
  | { kind: 'commit'; outcome: 'done' | 'failed'; sessions: string[]; writes: number; durationMs: number }
  | Fields<'socket'>
  | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; text: string | null }
  | { kind: 'command'; command: RunnerCommand }
  | { kind: 'news'; news: RunnerEvent }
  | (Omit<Fields<'process'>, 'argv'> & { argv: readonly string[] })
  | { kind: 'output'; chunk: OutputChunk };

export interface ObservationRecord {
  n: number;
  /** ms since 1970, with fractions. */
  at: number;
  about: EntityId;
  /** A second entity that it concerns, such as the download that an engine works for. */
  alsoAbout: EntityId | null;
  session: string | null;
  cause: string | null;
  body: RecordBody;
}

/** Rough estimate of the memory that a record holds on to, for the limit of the hub. */
export function estimateBytes(body: RecordBody): number {
  switch (body.kind) {
    case 'frame':
      return 300 + (body.text?.length ?? 0);
    case 'output':
      return 300 + body.chunk.bytes;
    case 'news':
      return 'output' in body.news ? 400 + body.news.output.length : 400;
    case 'transition':
      // Each has a new context and a new row.
      return 700;
    default:
      return 300;
  }
}

/** A short name, shown as the last event of an entry in the tree. */
export function recordName(body: RecordBody): string {
  switch (body.kind) {
    case 'event':
      return body.event.type;
    case 'transition':
    case 'turn':
      return body.event;
    case 'action':
      return body.action;
    case 'command':
      return body.command.type;
    case 'news':
      return body.news.type;
    case 'life':
    case 'alarm':
    case 'socket':
    case 'process':
      return `${body.kind} ${body.what}`;
    case 'frame':
      return `frame ${body.direction}`;
    case 'spawn':
    case 'stop':
    case 'commit':
    case 'output':
      return body.kind;
  }
}

/** Whether it comes several times a second for everything that runs. */
export function isRoutine(body: RecordBody): boolean {
  switch (body.kind) {
    case 'event':
      return isRoutineEvent(body.event.type);
    case 'transition':
      return isRoutineEvent(body.event);
    case 'turn':
      return isRoutineTurn(body.event, body.outcome);
    case 'action':
      return isRoutineEvent(body.action);
    case 'frame':
      return body.direction === 'out';
    default:
      return body.kind === 'output';
  }
}

/** @param type of a machine's event or action */
export function isRoutineEvent(type: string): boolean {
  return ROUTINE.has(type);
}

export function isRoutineTurn(event: string, outcome: Fields<'turn'>['outcome']): boolean {
  return outcome === 'done' && event === 'runnerEvents';
}

/** Whether it may change the tree in more than a percentage or the last event of an entry. */
export function changesTree(body: RecordBody): boolean {
  switch (body.kind) {
    case 'spawn':
    case 'stop':
    case 'life':
    case 'socket':
    case 'process':
      return true;
    default:
      return body.kind === 'transition' && !isRoutine(body);
  }
}

const ROUTINE = new Set([
  'tick',
  'sample',
  'openThrottle',
  'closeThrottle',
  'xstate.after.throttle.session.throttling',
]);
