import type { SessionActor } from '../actors/session/session-actor.ts';
import type { EmbeddedStub } from '../actors/durable/types.ts';
import type { EngineStatus } from '../protocol/media.ts';
import type { Trace } from '../protocol/inspection.ts';
import type { SessionList, SessionSummary } from '../protocol/session.ts';
import type { Operators } from './operator.ts';
import type { Gatekeeper } from './origin.ts';
import type { SessionLinks } from './session-link.ts';
import type { Tokens } from './token.ts';

/** What the edge knows of the inspector. */
export interface InspectorEdge {
  /** SLUICE_INSPECTOR: everybody may look at his own session. */
  isOpen: boolean;
  operators: Operators;
  /** @param session whose it has to be, null = anybody's. @returns null when there is no such download */
  trace(download: string, session: string | null): Promise<Trace | null>;
  /** Somebody signed in as the operator. */
  signedIn(): void;
}

/** What the edge knows of whole sessions, so that the operator can open one again in a browser. */
export interface ListsEdge {
  links: SessionLinks;
  /** Read from the store between turns: nothing is woken. */
  summary(session: string): SessionSummary;
  /** Those with downloads whose id begins with `prefix`, the one that was added to last first. */
  all(prefix: string, limit: number): Promise<SessionList>;
  /** A browser opened a link to this session. */
  reopened(session: string): void;
}

/** What stands behind the edge. The edge itself keeps nothing but which links were used: it checks, and passes on. */
export interface Edge {
  tokens: Tokens;
  gate: Gatekeeper;
  /** The one session of that id, wherever it lives; asking wakes nothing yet. */
  session(id: string): EmbeddedStub<SessionActor>;
  engines(): Promise<EngineStatus[]>;
  downloadDir: string;
  inspector: InspectorEdge;
  lists: ListsEdge;
  /** Why this server should get no requests now; empty = it is ready. */
  reasonsNotReady(): string[];
  /** The process ends: nothing new is begun. */
  isStopping(): boolean;
}
