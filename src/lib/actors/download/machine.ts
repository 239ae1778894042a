/**
 * The machine of a download:
 * `queued → parse → download{live ⇄ throttle} → finish → complete`, and `paused`, `waiting`, `error`, `cancelled`.
 *
 * Pure: times and causes arrive in events, effects are named actions that call `DownloadEffects`, and nothing in it
 * waits on a clock (`after` would not survive a restart; retries are alarms of the session).
 */
import { assign, setup } from 'xstate';
import type { DownloadEvent } from './events.ts';
import { rowAway } from './away.ts';
import type { Sample } from '../../protocol/progress.ts';
import type { RunnerPhase } from '../../protocol/runner.ts';
import { failuresAfter, mayRetry } from './retry.ts';
import { awaitingAfter, errorOf, isEmptied, loweredAfter, rounded } from './row-changes.ts';
import { type DownloadRow, withTransition } from './row.ts';

/** Passed in the input: `provide` would copy the machine for each session (57 kB of 75 kB, measured by bench/durable). */
export interface DownloadEffects {
  askRunner(row: DownloadRow): void;
  stopRunner(row: DownloadRow): void;
  discardBytes(row: DownloadRow): void;
  settleRunner(row: DownloadRow): void;
  setDeadline(row: DownloadRow): void;
}

export interface DownloadInput {
  row: DownloadRow;
  effects: DownloadEffects;
}

export interface DownloadContext {
  row: DownloadRow;
  effects: DownloadEffects;
  /** The last published speed; null unless it is downloading. Never stored. */
  speed: Pick<Sample, 'bytesPerSecond' | 'etaSeconds'> | null;
  /** Connections that its host takes at a time, while it waits for one. Never stored. */
  hostLimit: number | null;
  /** It runs below the floor rate, and lets others go first. Never stored. */
  isSlow: boolean;
}

export const downloadMachine = setup({
  types: {} as { context: DownloadContext; events: DownloadEvent; input: DownloadInput },
  actions: {
    askRunner: ({ context: { row, effects } }) => effects.askRunner(row),
    stopRunner: ({ context: { row, effects } }) => effects.stopRunner(row),
    discardBytes: ({ context: { row, effects } }) => effects.discardBytes(row),
    settleRunner: ({ context: { row, effects } }) => effects.settleRunner(row),
    setDeadline: ({ context: { row, effects } }) => effects.setDeadline(row),

    enter: assign(({ context: { row }, event }, state: DownloadRow['state']) => {
      if (row.state === state) return {};
      return { row: { ...row, state, history: withTransition(row.history, [event.at, state, event.cause]) } };
    }),
    applyPhase: assign(({ context, event }) => {
      if (event.type !== 'phase') return {};
      const { row } = context;
      return {
        row: {
          ...row,
          engine: event.engine ?? row.engine,
          title: event.title ?? row.title,
          totalBytes: event.totalBytes ?? row.totalBytes,
          ...(event.gapSeconds === undefined ? {} : { gapSeconds: event.gapSeconds }),
          ...loweredAfter(row, event),
          ...awaitingAfter(row, event),
        },
      };
    }),
    applySample: assign(({ context, event }) => {
      const sample = 'sample' in event ? event.sample : null;
      if (!sample) return {};
      const { receivedBytes, totalBytes, percent, bytesPerSecond, etaSeconds } = sample;
      // Not "more than before": one that cannot resume begins at 0 each time, and would be tried for ever.
      const moved = receivedBytes > Math.max(context.row.receivedBytes, context.row.furthestBytes ?? 0);
      return {
        row: {
          ...context.row,
          receivedBytes,
          totalBytes,
          percent,
          failures: moved ? 0 : context.row.failures,
          ...(moved && context.row.away ? { away: null } : {}),
        },
        // Whole numbers: fractions of a byte would be sent to every reader.
        speed: { bytesPerSecond: rounded(bytesPerSecond), etaSeconds: rounded(etaSeconds) },
      };
    }),
    clearSpeed: assign({ speed: null, isSlow: false }),
    noteSlow: assign(({ event }) => (event.type === 'slow' ? { isSlow: event.isSlow } : {})),
    noteLimit: assign(({ event }) => (event.type === 'limited' ? { hostLimit: event.connections } : {})),
    clearLimit: assign({ hostLimit: null }),
    nextAttempt: assign(({ context: { row }, event }) => ({
      row: {
        ...row,
        attempt: row.attempt + 1,
        failures: event.type === 'retry' ? 0 : row.failures,
        ...(event.type === 'due' || !row.away ? {} : { away: null }),
        furthestBytes:
          event.type === 'retry' || isEmptied(row) ? 0 : Math.max(row.furthestBytes ?? 0, row.receivedBytes),
        // A cancelled download has no bytes left, nor has one whose file is another now; a failed one resumes.
        receivedBytes: isEmptied(row) ? 0 : row.receivedBytes,
        error: null,
        dueAt: null,
        finishedAt: null,
      },
    })),
    scheduleRetry: assign(({ context: { row }, event }) =>
      event.type === 'failed'
        ? {
            row: {
              ...row,
              failures: failuresAfter(event.error, row.failures),
              dueAt: event.dueAt,
              ...(rowAway(event.error, row) || row.away ? { away: rowAway(event.error, row) } : {}),
              error: errorOf(event.error),
            },
          }
        : {},
    ),
    recordFile: assign(({ context: { row }, event }) =>
      event.type === 'done'
        ? {
            row: {
              ...row,
              receivedBytes: event.file.bytes,
              totalBytes: event.file.bytes,
              percent: 100,
              file: event.file,
              finishedAt: event.at,
              error: null,
              dueAt: null,
            },
          }
        : {},
    ),
    fail: assign(({ context: { row }, event }) =>
      event.type === 'failed' || event.type === 'setAside'
        ? { row: { ...row, finishedAt: event.at, error: errorOf(event.error), dueAt: null } }
        : {},
    ),
    markCancelled: assign(({ context: { row }, event }) => ({
      row: { ...row, finishedAt: event.at, dueAt: null, error: null },
    })),
  },
  guards: {
    isTransient: ({ context, event }) =>
      event.type === 'failed' && mayRetry(event.error, context.row.failures),
    hasSample: ({ event }) => event.type === 'tick' && event.sample !== null,
    was: ({ context }, state: DownloadRow['state']) => context.row.state === state,
    inPhase: ({ event }, phase: RunnerPhase) => event.type === 'phase' && event.phase === phase,
  },
}).createMachine({
  id: 'download',
  context: ({ input: { row, effects } }) => ({ row, effects, speed: null, hostLimit: null, isSlow: false }),
  initial: 'revived',
  states: {
    /** The initial state: goes on to the stored state. Active downloads are started again. */
    revived: {
      always: [
        { guard: { type: 'was', params: 'paused' }, target: 'paused' },
        { guard: { type: 'was', params: 'waiting' }, target: 'waiting' },
        { guard: { type: 'was', params: 'parse' }, target: 'parse' },
        { guard: { type: 'was', params: 'download' }, target: 'download' },
        { guard: { type: 'was', params: 'finish' }, target: 'finish' },
        { guard: { type: 'was', params: 'complete' }, target: 'complete' },
        { guard: { type: 'was', params: 'error' }, target: 'error' },
        { guard: { type: 'was', params: 'cancelled' }, target: 'cancelled' },
        { target: 'queued' },
      ],
    },
    queued: {
      entry: enter('queued'),
      initial: 'held',
      states: {
        /** Waits for a slot in its session. */
        held: { on: { run: { target: 'asked', actions: 'askRunner' } } },
        /** Has a slot in the session and waits for one in the runner. */
        asked: {},
        /** Waits in the runner for a connection to its host. */
        limited: { exit: 'clearLimit' },
        /** Was too slow, has given its slot to another, and waits in the runner behind those that wait. */
        gaveWay: {},
      },
      on: {
        limited: { target: '.limited', actions: 'noteLimit' },
        giveWay: '.gaveWay',
        phase: [
          { guard: { type: 'inPhase', params: 'parse' }, target: 'parse', actions: 'applyPhase' },
          { guard: { type: 'inPhase', params: 'download' }, target: 'download', actions: 'applyPhase' },
          { guard: { type: 'inPhase', params: 'finish' }, target: 'finish', actions: 'applyPhase' },
        ],
        ...ends(),
      },
    },
    parse: {
      entry: enter('parse'),
      on: {
        run: { actions: 'askRunner' },
        limited: { target: 'queued.limited', actions: 'noteLimit' },
        phase: [
          { guard: { type: 'inPhase', params: 'download' }, target: 'download', actions: 'applyPhase' },
          { guard: { type: 'inPhase', params: 'finish' }, target: 'finish', actions: 'applyPhase' },
          { actions: 'applyPhase' },
        ],
        ...ends(),
      },
    },
    download: {
      entry: enter('download'),
      initial: 'live',
      exit: 'clearSpeed',
      states: {
        /** Nothing was published in this interval: the next sample is published at once. */
        live: { on: { sample: { target: 'throttle', actions: 'applySample' } } },
        /** The newest sample waits for the session's tick. This state is not stored. */
        throttle: {
          on: { tick: [{ guard: 'hasSample', actions: 'applySample' }, { target: 'live' }] },
        },
      },
      on: {
        run: { actions: 'askRunner' },
        limited: { target: 'queued.limited', actions: 'noteLimit' },
        giveWay: 'queued.gaveWay',
        slow: { actions: 'noteSlow' },
        phase: [
          { guard: { type: 'inPhase', params: 'finish' }, target: 'finish', actions: 'applyPhase' },
          { guard: { type: 'inPhase', params: 'download' }, actions: 'applyPhase' },
        ],
        ...ends(),
      },
    },
    finish: {
      entry: enter('finish'),
      initial: 'work',
      states: {
        /** Joins, checks or moves its file. */
        work: { on: { landed: 'saving' } },
        /** The file is being synced to the disk, which needs no slot. Never stored as such. */
        saving: {},
      },
      on: {
        run: { actions: 'askRunner' },
        // A runner that starts over (its files were lost) sends `parse` again.
        phase: [
          { guard: { type: 'inPhase', params: 'download' }, target: 'download', actions: 'applyPhase' },
          { actions: 'applyPhase' },
        ],
        ...ends(),
      },
    },
    paused: {
      entry: enter('paused'),
      on: {
        resume: 'queued',
        cancel: { target: 'cancelled', actions: ['markCancelled', 'discardBytes'] },
        // The download may have completed while the stop was pending.
        done: { target: 'complete', actions: ['recordFile', 'settleRunner'] },
      },
    },
    waiting: {
      entry: [enter('waiting'), 'setDeadline'],
      on: {
        due: { target: 'queued', actions: 'nextAttempt' },
        resume: { target: 'queued', actions: 'nextAttempt' },
        // Its attempt has ended: the runner would only repeat the outcome.
        pause: { target: 'paused', actions: 'nextAttempt' },
        cancel: { target: 'cancelled', actions: ['markCancelled', 'discardBytes'] },
        setAside: { target: 'error', actions: 'fail' },
      },
    },
    complete: { entry: enter('complete'), type: 'final' },
    error: { entry: enter('error'), on: { retry: { target: 'queued', actions: 'nextAttempt' } } },
    cancelled: { entry: enter('cancelled'), on: { retry: { target: 'queued', actions: 'nextAttempt' } } },
  },
});

/** Keeps the row's own `state` and history with the chart's. */
function enter<const S extends DownloadRow['state']>(state: S) {
  return { type: 'enter', params: state } as const;
}

/** Transitions that end an attempt, the same in `queued` and in all active states. */
function ends() {
  return {
    done: { target: 'complete', actions: ['recordFile', 'settleRunner'] },
    failed: [
      { guard: 'isTransient', target: 'waiting', actions: 'scheduleRetry' },
      { target: 'error', actions: 'fail' },
    ],
    setAside: { target: 'error', actions: 'fail' },
    pause: { target: 'paused', actions: 'stopRunner' },
    cancel: { target: 'cancelled', actions: ['markCancelled', 'discardBytes'] },
  } as const;
}
