/**
 * An observation as it is noted: references to what was there, nothing read, copied or made into text. Turning it
 * into what a reader is sent (`describe.ts`) happens later, outside any turn, and only if somebody is sent it.
 */
import type { EntityId, Observation } from '../protocol/inspection.ts';
import type { RunnerCommand, RunnerEvent } from '../protocol/runner.ts';
import type { Edge } from './charts/edge-id.ts';

type Kind<K extends Observation['kind']> = Extract<Observation, { kind: K }>;
type Own<K extends Observation['kind']> = Omit<Kind<K>, 'n' | 'at' | 'about' | 'session' | 'cause'>;

/** One chunk of an engine's output. Its text comes masked (`recorder.ts`), a moment after it was noted. */
export interface OutputSlot {
  /** ms since the process began. */
  t: number;
  fd: 1 | 2;
  bytes: number;
  /** Null until it is masked, and for good where it is not kept. */
  masked: Uint8Array | null;
}

export type Note =
  | { kind: 'event'; from: EntityId | null; event: { type: string } }
  | {
      kind: 'transition';
      machine: string;
      event: string;
      value: unknown;
      took: readonly Edge[];
      /** A machine's context, which never changes in place. */
      context: object;
    }
  | { kind: 'action'; action: string; params: unknown }
  | { kind: 'spawn'; machine: string; value: unknown }
  | Own<'stop'>
  | Own<'turn'>
  | { kind: 'life'; what: 'wake' | 'evict' | 'reset'; error: unknown }
  | Own<'alarm'>
  | { kind: 'commit'; outcome: 'done' | 'failed'; sessions: string[]; writes: number; durationMs: number }
  | Own<'socket'>
  | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; text: string | null }
  | { kind: 'command'; command: RunnerCommand }
  | { kind: 'news'; news: RunnerEvent }
  | (Omit<Own<'process'>, 'argv'> & { argv: readonly string[] })
  | { kind: 'output'; slot: OutputSlot };

export interface Noted {
  n: number;
  /** ms since 1970, with fractions. */
  at: number;
  about: EntityId;
  /** Whose log it also belongs in: the download that an engine works for. */
  also: EntityId | null;
  session: string | null;
  cause: string | null;
  note: Note;
}

/** Roughly what a note keeps from being collected, in bytes: for the bound of the ring, not for accounts. */
export function weightOf(note: Note): number {
  switch (note.kind) {
    case 'frame':
      return 300 + (note.text?.length ?? 0);
    case 'output':
      return 300 + note.slot.bytes;
    case 'news':
      return 'output' in note.news ? 400 + note.news.output.length : 400;
    case 'transition':
      // A new context and a new row each time.
      return 700;
    default:
      return 300;
  }
}

/** What happened, in a word: for the last event of a line in the tree. */
export function nameOf(note: Note): string {
  switch (note.kind) {
    case 'event':
      return note.event.type;
    case 'transition':
    case 'turn':
      return note.event;
    case 'action':
      return note.action;
    case 'command':
      return note.command.type;
    case 'news':
      return note.news.type;
    case 'life':
    case 'alarm':
    case 'socket':
    case 'process':
      return `${note.kind} ${note.what}`;
    case 'frame':
      return `frame ${note.direction}`;
    case 'spawn':
    case 'stop':
    case 'commit':
    case 'output':
      return note.kind;
  }
}

/** Comes several times a second for everything that runs. */
export function isRoutine(note: Note): boolean {
  switch (note.kind) {
    case 'event':
      return isRoutineEvent(note.event.type);
    case 'transition':
      return isRoutineEvent(note.event);
    case 'turn':
      return isRoutineTurn(note.event, note.outcome);
    case 'action':
      return isRoutineEvent(note.action);
    case 'frame':
      return note.direction === 'out';
    default:
      return note.kind === 'output';
  }
}

/** Of an event or an action of a machine. */
export function isRoutineEvent(type: string): boolean {
  return ROUTINE.has(type);
}

export function isRoutineTurn(event: string, outcome: Own<'turn'>['outcome']): boolean {
  return outcome === 'done' && event === 'runnerEvents';
}

/** Whether the tree may look different after it, in more than a percentage or the last event of a line. */
export function changesTree(note: Note): boolean {
  switch (note.kind) {
    case 'spawn':
    case 'stop':
    case 'life':
    case 'socket':
    case 'process':
      return true;
    default:
      return note.kind === 'transition' && !isRoutine(note);
  }
}

const ROUTINE = new Set([
  'tick',
  'sample',
  'openThrottle',
  'closeThrottle',
  'xstate.after.throttle.session.throttling',
]);
