import type { Probe } from '../protocol/unreachable.ts';
import { unbracket } from './address.ts';
import type { Guard } from './guard.server.ts';

/** Rejects as `Guard.connect`. What came of a probe is reported to the guard's gate. */
export function createProbe(guard: Guard): Probe {
  return async (authority, signal) => {
    const at = authority.lastIndexOf(':');
    const host = unbracket(authority.slice(0, at));
    const socket = await guard.connect({
      host,
      port: Number(authority.slice(at + 1)),
      signal,
      isProbe: true,
    });
    socket.destroy();
  };
}
