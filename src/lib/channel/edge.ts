import type { SessionActor } from '../actors/session/session-actor.ts';
import type { EmbeddedStub } from '../actors/durable/types.ts';
import type { EngineStatus } from '../protocol/media.ts';
import type { Gatekeeper } from './origin.ts';
import type { Tokens } from './token.ts';

/** What stands behind the edge. The edge itself keeps nothing: it checks, and passes on. */
export interface Edge {
  tokens: Tokens;
  gate: Gatekeeper;
  /** The one session of that id, wherever it lives; asking wakes nothing yet. */
  session(id: string): EmbeddedStub<SessionActor>;
  engines(): Promise<EngineStatus[]>;
  downloadDir: string;
  /** Why this server should get no requests now; empty = it is ready. */
  reasonsNotReady(): string[];
  /** The process ends: nothing new is begun. */
  isStopping(): boolean;
}
