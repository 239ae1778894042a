/**
 * Kit's handler is a bundle of its own, with its own copy of every module. What it needs of the running server it
 * finds here, under one global symbol; and as all of it runs in the server's copy, errors keep their class.
 */
import { sessionCookie } from './cookie.ts';
import { fromCookie } from './credentials.ts';
import type { Edge } from './edge.ts';
import { pageScope, signIn } from './inspector-access.ts';

const KEY = Symbol.for('sluice.host');

export interface MountedEdge {
  /** The Set-Cookie line for a visitor of the page: the session they have, or a new one. */
  greet(request: Request): string;
  /** How far the inspector's page may see for whoever sends this; null = for him there is none. */
  inspector(request: Request): 'session' | 'all' | null;
  /** Answers a link of `sluice operator`; null for one that is not ours, or too old. */
  signIn(request: Request): Response | null;
}

/** Makes the edge reachable for the page's bundle. @returns takes it away again */
export function mount(edge: Edge): () => void {
  const mounted: MountedEdge = {
    greet({ headers }) {
      const claims = fromCookie(edge.tokens, headers.get('cookie'));
      const token = claims?.token ?? edge.tokens.issue().token;
      return sessionCookie(token, edge.gate.isSecure(headers.get('host') ?? undefined));
    },
    inspector: (request) => pageScope(edge, request),
    signIn: (request) => signIn(edge, request),
  };
  Reflect.set(globalThis, KEY, mounted);
  return () => {
    if (Reflect.get(globalThis, KEY) === mounted) Reflect.deleteProperty(globalThis, KEY);
  };
}

/** @throws Error outside a running server: pages are never prerendered */
export function mounted(): MountedEdge {
  const found = Reflect.get(globalThis, KEY) as MountedEdge | undefined;
  if (!found) throw new Error('No server is running in this process.');
  return found;
}
