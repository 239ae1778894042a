/**
 * Kit's handler is a bundle of its own, with its own copy of every module. What it needs of the running server it
 * finds here, under one global symbol; and as all of it runs in the server's copy, errors keep their class.
 */
import type { Edge } from './edge.ts';
import { headerOf } from './headers.ts';
import { pageScope, signIn } from './inspector-access.ts';
import { type Visit, visitPage } from './visit.ts';

const KEY = Symbol.for('sluice.host');

export interface MountedEdge {
  /** The session of who asks for a page, and the cookie that goes with it. */
  visit(request: Request): Visit;
  /** How far the inspector's page may see for whoever sends this; null = for him there is none. */
  inspector(request: Request): 'session' | 'all' | null;
  /** Answers a link of `sluice operator`; null for one that is not ours, or too old. */
  signIn(request: Request): Response | null;
}

/** Makes the edge reachable for the page's bundle. @returns takes it away again */
export function mount(edge: Edge): () => void {
  const mounted: MountedEdge = {
    visit: ({ headers }) => visitPage(edge, headerOf(headers)),
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
