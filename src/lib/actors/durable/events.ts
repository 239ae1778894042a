/** The events of an object, and the handler that each one calls. */
import { SluiceError } from '../../protocol/error.ts';
import type { HostSocket } from './sockets.ts';
import type { AlarmRow } from './store.ts';
import type { DurableObject, DurableSocket } from './types.ts';

/** An event with a caller that waits for the answer. */
interface CallerEvent {
  resolve: (value: unknown) => void;
  reject: (error: SluiceError) => void;
}

export type ActorEvent =
  | ({ type: 'fetch'; request: Request } & CallerEvent)
  | ({ type: 'call'; method: string; args: unknown[] } & CallerEvent)
  | { type: 'message'; socket: HostSocket; message: string | ArrayBuffer }
  | { type: 'close'; socket: HostSocket; code: number; reason: string; wasClean: boolean }
  /** `row` as it was when it fell due, or, with `expectedNow`, when the clock was found to have been set back. */
  | { type: 'alarm'; row: AlarmRow; expectedNow?: number };

export type CalledEvent = Extract<ActorEvent, CallerEvent>;

/** One event being handled. */
export interface Turn {
  readonly event: ActorEvent;
  /** ms, monotonic; null without listeners. */
  readonly startedAt: number | null;
}

/** Methods that a stub cannot call. */
const HANDLERS = new Set<string>([
  'constructor',
  'fetch',
  'webSocketMessage',
  'webSocketClose',
  'alarm',
] satisfies (keyof DurableObject | 'constructor')[]);

/**
 * Runs the handler. An event without a handler is ignored, or an error if a caller waits.
 * @param view the socket as seen by this activation
 */
export function invoke(
  object: DurableObject,
  event: ActorEvent,
  view: (socket: HostSocket) => DurableSocket,
): unknown {
  switch (event.type) {
    case 'fetch':
      if (!object.fetch) throw new SluiceError('not_found');
      return object.fetch(event.request);
    case 'call': {
      const method: unknown = (object as Record<string, unknown>)[event.method];
      if (typeof method !== 'function' || HANDLERS.has(event.method) || event.method in Object.prototype) {
        throw new SluiceError(
          'not_found',
          `The object has no method ${JSON.stringify(event.method)} to call.`,
        );
      }
      return method.apply(object, event.args) as unknown;
    }
    case 'message':
      return object.webSocketMessage?.(view(event.socket), event.message);
    case 'close':
      return object.webSocketClose?.(view(event.socket), event.code, event.reason, event.wasClean);
    case 'alarm':
      return object.alarm?.({
        isRetry: event.row.retries > 0,
        retryCount: event.row.retries,
        ...(event.expectedNow === undefined ? {} : { expectedNow: event.expectedNow }),
      });
  }
}

export function hasCaller(event: ActorEvent): event is CalledEvent {
  return event.type === 'fetch' || event.type === 'call';
}
