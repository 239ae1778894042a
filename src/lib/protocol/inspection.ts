/**
 * What an inspector receives: one stream of observations from all sources (machines, object host, runner, engine
 * processes), each with its cause; the tree of live actors; and the trace file, which holds the same things.
 *
 * Everything here has been redacted: no query of a URL, no credentials, no tokens (`inspector/redact.ts`).
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
 * What an observation is about, comes from or goes to. Download ids are unique over all sessions; an engine is one process
 * group, named by its run id; a client is one socket of a session, or `http` for a request.
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
  /** A sequence number in this process; a gap = not visible to this reader, or dropped. */
  n: number;
  /** ms since 1970, with fractions, from the monotonic clock of the process: differences are exact. */
  at: number;
  /** The actor whose log it belongs to. */
  about: EntityId;
  /** The session it belongs to; null for the host itself. Only the operator sees other sessions. */
  session: string | null;
  /** `command:ID`, `http`, `alarm`, `tick`, `runner`, `place`, …; null = not known. */
  cause: string | null;
}

export type Observation = ObservationBase &
  (
    | { kind: 'event'; from: EntityId | null; event: string; data: Json }
    /**
     * A machine handled an event. `value`: its current states as a dot path (`download.throttle`). `took`: ids of the
     * transitions (`inspector/charts/edge-id.ts`), empty when the event changed nothing; the chart has their actions.
     * `changed`: new values in the context, by dot path, one or two keys deep (`row.receivedBytes`, `speed`). The first
     * transition of an actor that is sent to a reader holds the whole context.
     */
    | {
        kind: 'transition';
        machine: string;
        event: string;
        value: string;
        took: string[];
        changed: { [path: string]: Json };
      }
    /** A named action with effects outside the machine; `assign` actions show in `changed`. */
    | { kind: 'action'; action: string; params: Json }
    | { kind: 'spawn'; machine: string; value: string }
    | { kind: 'stop'; reason: 'done' | 'error' | 'stopped' }
    /** An object handled one event of its mailbox. `waiting`: events still in it. */
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
    /** A session sees only its own part: `actors` 1, and `writes` null where other actors wrote too. */
    | {
        kind: 'commit';
        outcome: 'done' | 'failed';
        actors: number;
        writes: number | null;
        durationMs: number;
      }
    | { kind: 'socket'; what: 'open' | 'close'; code: number | null }
    /** `summary`: the message's type and its identifying fields, never its content. `bytes`: UTF-16 units. */
    | { kind: 'frame'; direction: 'in' | 'out'; bytes: number; summary: string }
    /** A session sent a command to the runner. */
    | { kind: 'command'; command: string; data: Json }
    /** The runner sent an event to a session. Without samples: those that were used show as events of a machine. */
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

/** A node of the tree host → sessions → downloads → engine processes. Only the newest are listed where there are many. */
export type ActorView =
  | {
      id: 'host';
      kind: 'host';
      pid: number;
      /** ms since 1970. */
      since: number;
      /** Percent of one core since the last measurement; above 100 with several. */
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
      /** When it entered this state, as far as that was observed, ms since 1970. */
      since: number;
      /** ms since 1970; null = nothing is stored, or not read yet. */
      createdAt: number | null;
      /** Waiting events. */
      mailbox: number;
      sockets: number;
      /** When its alarm is due, ms since 1970. */
      alarmAt: number | null;
      /** Size of keys and values in the store; null = not measured yet. */
      storageBytes: number | null;
      lastEvent: LastEvent | null;
    }
  | {
      id: EntityId;
      kind: 'download';
      parent: EntityId;
      title: string;
      /** A dot path of the machine's states while it is live, else the stored state. */
      state: string;
      /** Whether there is an actor in memory; else there is only a row. */
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
      /** null = it belongs to no download (a parse, a version check). */
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

/** What is stored for every download to explain a failure later, also after a restart. */
export interface Explanation {
  download: DownloadView;
  session: string;
  /** Oldest first; only the newest are stored. */
  transitions: { at: number; state: string; cause: string }[];
  /** The last 4 kB of engine output; null while it runs. */
  output: string | null;
  /** The row as it is stored. */
  stored: Json;
}

export type InspectorClientMessage =
  /** The first message, and again to change the filter. Without `session` or `actor`: all that the reader may see. */
  | {
      type: 'watch';
      /** Replays observations after this number, as far as they are in memory; absent = only new ones. */
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
      /** `session`: only the reader's own session. */
      scope: 'session' | 'all';
      session: string | null;
      /** Hashes of the machines' definitions, as in charts.json. */
      machines: Record<string, string>;
      /** The oldest observation in memory; nothing is recorded without a reader. */
      oldest: number;
      next: number;
    }
  /** The tree: whole at first, then changes; at most twice a second. */
  | { type: 'actors'; whole: boolean; set: ActorView[]; gone: EntityId[] }
  /**
   * `dropped`: observations lost because this reader was slow. `omitted`: those left out because the message was full or
   * they were routine; absent = none.
   */
  | { type: 'log'; dropped: number; omitted?: number; entries: Observation[] }
  | { type: 'explained'; download: string; explanation: Explanation | null };

/** A recording of one engine process for `sluice replay`: the lines of a recording file as one value. */
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
  /** `t`: ms since the process began; `data`: base64, secrets masked at equal length. */
  chunks: { t: number; fd: 1 | 2; data: string }[];
  /** The output is incomplete: recording began after the engine did, or reached its limit. */
  cut: boolean;
}

/** A `sluice-trace` file: the history of one download, to attach to a bug report. */
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
  /** Empty without a reader while it ran. */
  observations: Observation[];
  recordings: TraceRecording[];
}
