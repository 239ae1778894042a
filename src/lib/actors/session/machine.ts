/**
 * The session as a supervisor: it spawns a child for each download that has a slot, supervises it (one for one: a
 * crash does not affect the other children), and owns the throttle interval of all its downloads.
 */
import { assertEvent, setup, spawnChild, stopChild } from 'xstate';
import { type DownloadEffects, downloadMachine } from '../download/machine.ts';
import type { DownloadRow } from '../download/row.ts';

type SessionEvent =
  | { type: 'spawn'; row: DownloadRow }
  | { type: 'stop'; id: string }
  /** A sample was published: opens the throttle interval. */
  | { type: 'openThrottle' }
  /** No sample came in the last interval. */
  | { type: 'closeThrottle' };

export interface SessionEffects extends DownloadEffects {
  /** The throttle interval ended: give each child its newest sample. */
  tick(): void;
  /** A child threw and is gone: decide whether and when to restart. */
  childCrashed(id: string, error: unknown): void;
}

export interface SessionInput {
  throttleMs: number;
  effects: SessionEffects;
}

/** XState's event when a child ends. */
interface Ended {
  event: { type: string; error?: unknown };
}

/** The download machine's name in the supervisor: a storage format for inspectors and traces, never to be renamed. */
const DOWNLOAD = 'download';

export const sessionMachine = setup({
  types: {} as {
    context: SessionInput;
    input: SessionInput;
    events: SessionEvent;
    children: Record<string, typeof DOWNLOAD>;
  },
  actors: { [DOWNLOAD]: downloadMachine },
  actions: {
    tick: ({ context }) => context.effects.tick(),
    childCrashed: ({ context }, { id, error }: { id: string; error: unknown }) =>
      context.effects.childCrashed(id, error),
  },
  delays: { throttle: ({ context }) => context.throttleMs },
}).createMachine({
  id: 'session',
  context: ({ input }) => input,
  initial: 'idle',
  on: {
    spawn: {
      actions: spawnChild(DOWNLOAD, {
        id: ({ event }) => rowOf(event).id,
        input: ({ event, context }: { event: SessionEvent; context: SessionInput }) => ({
          row: rowOf(event),
          effects: context.effects,
        }),
      }),
    },
    stop: { actions: stopChild(({ event }) => event.id) },
    'xstate.done.actor.*': { actions: stopChild(({ event }: Ended) => childId(event.type)) },
    'xstate.error.actor.*': {
      actions: [
        stopChild(({ event }: Ended) => childId(event.type)),
        {
          type: 'childCrashed',
          params: ({ event }: Ended) => ({ id: childId(event.type), error: event.error ?? null }),
        },
      ],
    },
  },
  states: {
    idle: { on: { openThrottle: 'throttling' } },
    throttling: {
      after: { throttle: { target: 'throttling', reenter: true, actions: 'tick' } },
      on: { closeThrottle: 'idle' },
    },
  },
});

function rowOf(event: SessionEvent): DownloadRow {
  assertEvent(event, 'spawn');
  return event.row;
}

/** `xstate.error.actor.ID` → `ID`: ids hold no dot. */
function childId(eventType: string): string {
  return eventType.slice(eventType.lastIndexOf('.') + 1);
}
