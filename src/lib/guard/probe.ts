import { SluiceError } from '../protocol/error.ts';
import type { Probe } from '../protocol/unreachable.ts';
import { unbracket } from './address.ts';
import type { Guard } from './guard.server.ts';
import { parseAuthority } from './proxy-head.ts';

/** Rejects as `Guard.connect`. What came of a probe is reported to the guard's gate. */
export function createProbe(guard: Guard): Probe {
  return async (authority, signal) => {
    const target = parseAuthority(authority);
    if (target === null) throw new SluiceError('invalid_url');
    const host = unbracket(target.host);
    const socket = await guard.connect({ host, port: target.port, signal, isProbe: true });
    socket.destroy();
  };
}
