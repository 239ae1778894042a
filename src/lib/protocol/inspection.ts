/**
 * What an inspector is told: one stream of observations, whatever they come from (the machines, the object host, the
 * runner, engine processes), each with its cause; a tree of what lives; and the trace file, the same things at rest.
 *
 * Everything here has been redacted: no query of a URL, no credentials, no tokens (`inspector/redact.ts`).
 * Why it is shaped so: docs/adr/014-one-stream-of-observations.md.
 */
import type { DownloadView } from './download.ts';
import type { EngineName } from './media.ts';
import type { RunnerPhase } from './runner.ts';

export const INSPECTOR_SUBPROTOCOL = 'sluice-inspector.v1';
/** The version of the wire and of the trace file: they carry the same things. */
export const INSPECTION_VERSION = 1;

/** Plain data, as it comes out of `JSON.parse`. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Who something is about, comes from or goes to. Download ids are unique over all sessions; an engine is one process
 * group, named by the mark of its run; a client is one socket of a session, or `http` for a request.
 */
export type EntityId =
  | 'host'
  | 'store'
  | 'clock'
  | 'runner'
  | `client:${string}`
  | `session:${string}`
  | `download:${string}`
  | `engine:${string}`;

export const OBSERVATION_KINDS = [
  'event',
  'transition',
  'action',
  'spawn',
  'stop',
  'turn',
  'life',
  'alarm',
  'commit',
  'socket',
  'frame',
  'command',
  'news',
  'process',
  'output',
] as const;
export type ObservationKind = (typeof OBSERVATION_KINDS)[number];

interface ObservationBase {
  /** One more for each observation of this process; a gap = not for this reader, or dropped. */
  n: number;
  /** ms since 1970, with fractions: the process's own clock, so that durations within it are right. */
  at: number;
  /** The actor whose log it stands in. */
  about: EntityId;
  /** The session it belongs to; null for the host itself. Nobody but the operator is shown another's. */
  session: string | null;
  /** What brought it about: `command:ID`, `http`, `alarm`, `tick`, `runner`, `place`, …; null = not known. */
  cause: string | null;
}

export type Observation = ObservationBase &
  (
    | { kind: 'event'; from: EntityId | null; event: string; data: Json }
    /**
     * A machine took an event. `value`: the states it is in now, as a dot path (`download.throttle`). `took`: ids of
     * the transitions (`inspector/charts/edge-id.ts`), empty when the event changed nothing; the chart says which
     * actions are theirs. `changed`: what is new in the context, by dot path, one or two keys deep
     * (`row.receivedBytes`, `speed`). The first transition of an actor that a reader is sent holds everything.
     */
    | {
        kind: 'transition';
        machine: string;
        event: string;
        value: string;
        took: string[];
        changed: { [path: string]: Json };
      }
    /** A named action that reaches out of the machine; what only changes its context shows in `changed`. */
    | { kind: 'action'; action: string; params: Json }
    | { kind: 'spawn'; machine: string; value: string }
    | { kind: 'stop'; reason: 'done' | 'error' | 'stopped' }
    /** One event of an object's mailbox was handled. `waiting`: events behind it. */
    | {
        kind: 'turn';
        from: EntityId | null;
        event: string;
        outcome: 'done' | 'given-up' | 'refused' | 'reset';
        durationMs: number;
        waiting: number;
      }
    | { kind: 'life'; what: 'wake' | 'evict' | 'reset'; error: string | null }
    | {
        kind: 'alarm';
        what: 'fired' | 'done' | 'retry' | 'dropped';
        /** Failed tries so far. */
        retries: number;
        lateMs: number;
      }
    /** To a session it says what is its own: one actor, and `writes` null where others wrote in it too. */
    | {
        kind: 'commit';
        outcome: 'done' | 'failed';
        actors: number;
        writes: number | null;
        durationMs: number;
      }
    | { kind: 'socket'; what: 'open' | 'close'; code: number | null }
    /** `summary`: the message's type and what tells it apart, never its content. `bytes`: UTF-16 units. */
    | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; summary: string }
    /** A session asked the runner for something. */
    | { kind: 'command'; command: string; data: Json }
    /** The runner told a session something. Samples are not among it: those that count are in a machine's events. */
    | { kind: 'news'; news: string; phase: RunnerPhase | null; data: Json }
    | {
        kind: 'process';
        what: 'start' | 'exit';
        pid: number;
        argv: string[];
        exitCode: number | null;
        signal: string | null;
        /** From start to exit; null at the start. */
        durationMs: number | null;
      }
    /** A chunk that an engine printed. `text`: its last 200 characters. */
    | { kind: 'output'; fd: 1 | 2; bytes: number; text: string }
  );

/** One line of the tree host → sessions → downloads → engine processes. Of many, the newest are in it. */
export type ActorView =
  | {
      id: 'host';
      kind: 'host';
      pid: number;
      /** ms since 1970. */
      since: number;
      /** Share of one core over the last look, 0–100 and above. */
      cpuPercent: number | null;
      rssBytes: number | null;
      sessions: number;
      live: number;
      lastEvent: LastEvent | null;
    }
  | {
      id: EntityId;
      kind: 'session';
      parent: 'host';
      state: 'live' | 'hibernated';
      /** When it came to this state, as far as that was seen, ms since 1970. */
      since: number;
      /** ms since 1970; null = nothing is stored of it, or it was not looked at yet. */
      createdAt: number | null;
      /** Events that wait. */
      mailbox: number;
      sockets: number;
      /** When its alarm rings, ms since 1970. */
      alarmAt: number | null;
      /** Keys and values in the store; null = not looked at yet. */
      storageBytes: number | null;
      lastEvent: LastEvent | null;
    }
  | {
      id: EntityId;
      kind: 'download';
      parent: EntityId;
      title: string;
      /** A dot path of the machine's states while it lives, else the stored state. */
      state: string;
      /** In memory as an actor; else only a row. */
      isLive: boolean;
      /** When it came to this state, ms since 1970. */
      since: number;
      /** ms since 1970. */
      createdAt: number;
      attempt: number;
      percent: number | null;
      errorCode: string | null;
      lastEvent: LastEvent | null;
    }
  | {
      id: EntityId;
      kind: 'engine';
      /** null = it works for no download (a parse, a look at its version). */
      parent: EntityId | null;
      engine: EngineName | null;
      pid: number;
      since: number;
      /** Of its whole process group. */
      cpuPercent: number | null;
      rssBytes: number | null;
      processes: number;
    };

export interface LastEvent {
  name: string;
  at: number;
}

/** What is stored for each download, inspected or not: enough to explain a failure after a restart. */
export interface Explanation {
  download: DownloadView;
  session: string;
  /** Oldest first; the newest are kept. */
  transitions: { at: number; state: string; cause: string }[];
  /** The last 4 kB that its engine printed; null while it has not ended. */
  output: string | null;
  /** The row as it is stored. */
  stored: Json;
}

export type InspectorClientMessage =
  /** Comes first, and again to look at something else. Without `session` or `actor`: all that the reader may see. */
  | {
      type: 'watch';
      /** Observations after this number, as far as they are kept; absent = from now on. */
      since?: number;
      kinds?: ObservationKind[];
      session?: string;
      /** Only what is about this actor, comes from it or goes to it. */
      actor?: EntityId;
    }
  | { type: 'explain'; download: string };

export type InspectorServerMessage =
  | {
      type: 'hello';
      v: typeof INSPECTION_VERSION;
      /** `session`: one's own only. */
      scope: 'session' | 'all';
      session: string | null;
      /** Hashes of the machines' definitions, as in charts.json. */
      machines: Record<string, string>;
      /** The oldest observation that is kept; nothing is recorded while nobody watches. */
      oldest: number;
      next: number;
    }
  /** The tree: whole at first, then what changed; at most twice a second. */
  | { type: 'actors'; whole: boolean; set: ActorView[]; gone: EntityId[] }
  /**
   * `dropped`: observations that this reader was too slow for. `omitted`: those that it was not to be shown, since one
   * message holds no more or since they were routine; absent = none.
   */
  | { type: 'log'; dropped: number; omitted?: number; entries: Observation[] }
  | { type: 'explained'; download: string; explanation: Explanation | null };

/** A recording of one engine process, as `sluice replay` reads it: the lines of a corpus file, in one value. */
export interface TraceRecording {
  /** The run's party. */
  engine: EntityId;
  header: {
    engine: string;
    version: string | null;
    argv: string[];
    mode: 'pipe';
    exitCode: number | null;
    signal: string | null;
    endMs: number | null;
  };
  /** `t`: ms since the process began; `data`: base64, masked where it held secrets, never shorter. */
  chunks: { t: number; fd: 1 | 2; data: string }[];
  /** It is not the whole output: watching began later than the engine, or the recording reached its limit. */
  cut: boolean;
}

/** `sluice-trace` file: one download's whole story, to attach to a bug report. */
export interface Trace {
  format: 'sluice-trace';
  v: typeof INSPECTION_VERSION;
  sluice: string;
  node: string;
  platform: string;
  /** ISO 8601, UTC. */
  exportedAt: string;
  machines: Record<string, string>;
  explanation: Explanation;
  /** Empty when nobody inspected while it ran. */
  observations: Observation[];
  recordings: TraceRecording[];
}
