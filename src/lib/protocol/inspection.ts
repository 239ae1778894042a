/**
 * What inspector clients receive: one stream of observations from all sources (the machines, the object host, the runner,
 * engine processes), each with its cause; a tree of actors; and the trace file, which holds the same data.
 *
 * Everything here has been redacted: no query of a URL, no credentials, no tokens (`protocol/redact.ts`).
 * Rationale: docs/adr/014-one-stream-of-observations.md.
 */
import type { DownloadView } from './download.ts';
import type { EngineName } from './media.ts';
import type { RunnerPhase } from './runner.ts';

export const INSPECTOR_SUBPROTOCOL = 'sluice-inspector.v1';
/** The version of both the wire format and the trace file. */
export const INSPECTION_VERSION = 1;

/** Plain data, as it comes out of `JSON.parse`. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * What an observation is about, comes from or goes to. Download ids are unique over all sessions; an engine is one
 * process group, with the mark of its run as id; a client is one socket of a session, or `http` for a request.
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
  /** Counts the observations of this process; a gap = dropped, or not visible to this reader. */
  n: number;
  /** ms since 1970, with fractions, of a monotonic clock, so that differences are exact. */
  at: number;
  /** The actor whose log it belongs to. */
  about: EntityId;
  /** The session it belongs to; null for the host itself. Only the operator sees other sessions. */
  session: string | null;
  /** What caused it: `command:ID`, `http`, `alarm`, `tick`, `runner`, `place`, …; null = unknown. */
  cause: string | null;
}

export type Observation = ObservationBase &
  (
    | { kind: 'event'; from: EntityId | null; event: string; data: Json }
    /**
     * A machine handled an event. `value`: its state now, as a dot path (`download.throttle`). `took`: ids of the
     * transitions taken (`inspector/charts/transition-id.ts`), empty when there was none; the chart has their actions.
     * `changed`: changed values of the context, by dot path, one or two keys deep (`row.receivedBytes`, `speed`). The
     * first transition of an actor that a reader is sent has the whole context.
     */
    | {
        kind: 'transition';
        machine: string;
        event: string;
        value: string;
        took: string[];
        changed: { [path: string]: Json };
      }
    /** A named action with an effect outside the machine; changes of its context are in `changed`. */
    | { kind: 'action'; action: string; params: Json }
    | { kind: 'spawn'; machine: string; value: string }
    | { kind: 'stop'; reason: 'done' | 'error' | 'stopped' }
    /** An object handled one event of its mailbox. `waiting`: events still in the mailbox. */
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
        /** Failed attempts so far. */
        retries: number;
        lateMs: number;
      }
    /** A session sees only its own part: `actors` is 1, and `writes` is null if other sessions share the commit. */
    | {
        kind: 'commit';
        outcome: 'done' | 'failed';
        actors: number;
        writes: number | null;
        durationMs: number;
      }
    | { kind: 'socket'; what: 'open' | 'close'; code: number | null }
    /** `summary`: the message's type and id, never its content. `bytes`: UTF-16 units. */
    | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; summary: string }
    /** A session sent a command to the runner. */
    | { kind: 'command'; command: string; data: Json }
    /** The runner sent an event to a session. Samples are left out: those that are applied are events of a machine. */
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

/** One entry of the tree host → sessions → downloads → engine processes. Limits keep the newest ones. */
export type ActorView =
  | {
      id: 'host';
      kind: 'host';
      pid: number;
      /** ms since 1970. */
      since: number;
      /** Share of one core since the last sample, 0–100 and above. */
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
      /** When it entered this state, as far as that was recorded, ms since 1970. */
      since: number;
      /** ms since 1970; null = nothing is stored, or not read yet. */
      createdAt: number | null;
      /** Events waiting. */
      mailbox: number;
      sockets: number;
      /** When its alarm is due, ms since 1970. */
      alarmAt: number | null;
      /** Size of its keys and values in the store; null = not read yet. */
      storageBytes: number | null;
      lastEvent: LastEvent | null;
    }
  | {
      id: EntityId;
      kind: 'download';
      parent: EntityId;
      title: string;
      /** A dot path of the machine's states while it is in memory, else the stored state. */
      state: string;
      /** An actor in memory; else only a stored row. */
      isLive: boolean;
      /** When it entered this state, ms since 1970. */
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
      /** null = it works for no download (a parse, a version check). */
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

/** Stored for each download, inspected or not: enough to explain a failure after a restart. */
export interface Explanation {
  download: DownloadView;
  session: string;
  /** Oldest first; only the newest are stored. */
  transitions: { at: number; state: string; cause: string }[];
  /** The last 4 kB that its engine printed; null until it ends. */
  output: string | null;
  /** The stored row. */
  stored: Json;
}

export type InspectorClientMessage =
  /** Must be sent first; sent again, it changes the filter. Without `session` and `actor`: all that the reader may see. */
  | {
      type: 'watch';
      /** Send observations after this number, as far as they are kept; absent = from now on. */
      since?: number;
      kinds?: ObservationKind[];
      session?: string;
      /** Only observations that are about this actor or come from it. */
      actor?: EntityId;
    }
  | { type: 'explain'; download: string };

export type InspectorServerMessage =
  | {
      type: 'hello';
      v: typeof INSPECTION_VERSION;
      /** `session`: the reader's own session only. */
      scope: 'session' | 'all';
      session: string | null;
      /** Hashes of the machines' definitions, to compare with those of charts.json. */
      machines: Record<string, string>;
      /** The number of the oldest observation kept; nothing is recorded without readers. */
      oldest: number;
      next: number;
    }
  /** The tree: whole at first, then changes; at most twice a second. */
  | { type: 'actors'; whole: boolean; set: ActorView[]; gone: EntityId[] }
  /**
   * `dropped`: observations lost because this reader was too slow. `omitted`: those left out because they were routine or
   * did not fit into the message; absent = none.
   */
  | { type: 'log'; dropped: number; omitted?: number; entries: Observation[] }
  | { type: 'explained'; download: string; explanation: Explanation | null };

/** A recording of one engine process, for `sluice replay`. It holds what a recording file (JSON lines) does. */
export interface TraceRecording {
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
  /** `t`: ms since the process started; `data`: base64, with secrets masked at their length. */
  chunks: { t: number; fd: 1 | 2; data: string }[];
  /** Not the whole output: the engine started before recording did, or the recording reached its limit. */
  cut: boolean;
}

/** A `sluice-trace` file: everything about one download, to attach to a bug report. */
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
  /** Empty when there were no readers while it ran. */
  observations: Observation[];
  recordings: TraceRecording[];
}
