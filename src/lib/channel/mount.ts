/**
 * SvelteKit's handler is a bundle of its own, with its own copy of every module. It reaches the running server through
 * one global symbol; as these functions run in the server's copy, errors keep their class.
 */
import type { Edge } from './edge.ts';
import { inspectorPageScope, signInOperator } from './inspector-access.ts';
import { type PageVisit, visitOf } from './people/page-visit.ts';

const KEY = Symbol.for('sluice.host');

export interface MountedEdge {
  /** The session of a page request, and the cookies to set. */
  visit(request: Request): PageVisit;
  /** How much the inspector's page may show for this request; null = nothing, it answers 404. */
  inspectorScope(request: Request): 'session' | 'all' | null;
  /** With whom people sign in (SLUICE_AUTH=oidc); null = not so. */
  issuer: string | null;
  /** Answers a link of `sluice operator`; null when it is invalid. */
  signIn(request: Request): Response | null;
}

/** Makes the edge reachable for the page's bundle. @returns undoes it */
export function mountEdge(edge: Edge): () => void {
  const published: MountedEdge = {
    visit: (request) => visitOf(request, edge),
    inspectorScope: (request) => inspectorPageScope(edge, request),
    issuer: edge.people.issuer?.name ?? null,
    signIn: (request) => signInOperator(edge, request),
  };
  Reflect.set(globalThis, KEY, published);
  return () => {
    if (Reflect.get(globalThis, KEY) === published) Reflect.deleteProperty(globalThis, KEY);
  };
}

/** @throws Error outside a running server, as pages are never prerendered */
export function mountedEdge(): MountedEdge {
  const found = Reflect.get(globalThis, KEY) as MountedEdge | undefined;
  if (!found) throw new Error('No server is running in this process.');
  return found;
}
