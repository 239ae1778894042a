/**
 * An observation as it is noted: references to what was there, nothing read, copied or made into text. Turning it
 * into what a reader is sent (`describe.ts`) happens later, outside any turn, and only if somebody is sent it.
 */
import type { EntityId, Observation } from '../protocol/inspection.ts';
import type { RunnerCommand, RunnerEvent } from '../protocol/runner.ts';
import type { TransitionDefinition } from './charts/transition-id.ts';

type Kind<K extends Observation['kind']> = Extract<Observation, { kind: K }>;
type ObservationBody<K extends Observation['kind']> = Omit<
  Kind<K>,
  'n' | 'at' | 'about' | 'session' | 'cause'
>;

/** One chunk of an engine's output. Its text comes masked (`recorder.ts`), a moment after it was noted. */
export interface OutputChunk {
  /** ms since the process began. */
  t: number;
  fd: 1 | 2;
  bytes: number;
  /** Null until it is masked, and for good where it is not kept. */
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
      /** A machine's context, which never changes in place. */
      context: object;
    }
  | { kind: 'action'; action: string; params: unknown }
  | { kind: 'spawn'; machine: string; value: unknown }
  | ObservationBody<'stop'>
  | ObservationBody<'turn'>
  | { kind: 'life'; what: 'wake' | 'evict' | 'reset'; error: unknown }
  | ObservationBody<'alarm'>
  | { kind: 'commit'; outcome: 'done' | 'failed'; sessions: string[]; writes: number; durationMs: number }
  | ObservationBody<'socket'>
  | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; text: string | null }
  | { kind: 'command'; command: RunnerCommand }
  | { kind: 'news'; news: RunnerEvent }
  | (Omit<ObservationBody<'process'>, 'argv'> & { argv: readonly string[] })
  | { kind: 'output'; chunk: OutputChunk };

export interface ObservationRecord {
  n: number;
  /** ms since 1970, with fractions. */
  at: number;
  about: EntityId;
  /** Whose log it also belongs in: the download that an engine works for. */
  alsoAbout: EntityId | null;
  session: string | null;
  cause: string | null;
  body: RecordBody;
}

/** Roughly what a note keeps from being collected, in bytes: for the bound of the ring, not for accounts. */
export function estimateBytes(body: RecordBody): number {
  switch (body.kind) {
    case 'frame':
      return 300 + (body.text?.length ?? 0);
    case 'output':
      return 300 + body.chunk.bytes;
    case 'news':
      return 'output' in body.news ? 400 + body.news.output.length : 400;
    case 'transition':
      // A new context and a new row each time.
      return 700;
    default:
      return 300;
  }
}

/** What happened, in a word: for the last event of a line in the tree. */
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

/** Comes several times a second for everything that runs. */
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

/** Of an event or an action of a machine. */
export function isRoutineEvent(type: string): boolean {
  return ROUTINE.has(type);
}

export function isRoutineTurn(event: string, outcome: ObservationBody<'turn'>['outcome']): boolean {
  return outcome === 'done' && event === 'runnerEvents';
}

/** Whether the tree may look different after it, in more than a percentage or the last event of a line. */
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
