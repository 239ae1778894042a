import type { SessionActor } from '../actors/session/session-actor.ts';
import type { EmbeddedStub } from '../actors/durable/types.ts';
import type { Files } from '../files/files.server.ts';
import type { EngineStatus } from '../protocol/media.ts';
import type { Trace } from '../protocol/inspection.ts';
import type { Listeners } from '../protocol/listeners.ts';
import type { SessionList, SessionSummary } from '../protocol/session.ts';
import type { SettingsView } from '../protocol/settings.ts';
import type { SecretBox } from '../secrets/secret-box.ts';
import type { OperatorAuth } from './operator.ts';
import type { AllowedOrigins } from './origin.ts';
import type { PeopleEdge } from './people/people-edge.ts';
import type { SessionLinks } from './session-link.ts';
import type { Tokens } from './token.ts';
import type { Visitors } from './visitors.ts';

/** What the edge needs of the inspector. */
export interface InspectorEdge {
  /** SLUICE_INSPECTOR: visitors may inspect their own session. */
  isEnabled: boolean;
  operatorAuth: OperatorAuth;
  /** @param session the session the download must belong to; null = any. @returns null when there is no such download */
  trace(download: string, session: string | null): Promise<Trace | null>;
  /** A browser signed in as the operator. */
  onSignIn(): void;
}

/** What the edge needs of stored sessions, so that the operator can reopen one in a browser. */
export interface StoredSessionsEdge {
  links: SessionLinks;
  /** Reads the store between turns, without waking the session. */
  summary(session: string): SessionSummary;
  /** Sessions that have downloads and whose id begins with `prefix`, the most recently added to first. */
  all(prefix: string, limit: number): Promise<SessionList>;
  /** A browser opened this session with an operator's link. */
  onLinkOpened(session: string): void;
}

/** Everything behind the edge. The edge checks requests and passes them on; its only state is which links were used. */
export interface Edge {
  tokens: Tokens;
  origins: AllowedOrigins;
  /** What each visitor may use. */
  visitors: Visitors;
  people: PeopleEdge;
  /** Emits when devices of some list were withdrawn: their sockets have to be closed. */
  withdrawals: Listeners<null>;
  /** A stub of the session with that id. Creating a stub does not wake the session. */
  session(id: string): EmbeddedStub<SessionActor>;
  engines(): Promise<EngineStatus[]>;
  /** For an operator. */
  settings: Omit<SettingsView, 'engines'>;
  files: Files;
  inspector: InspectorEdge;
  /** Seals what lists keep secret. */
  secrets: Pick<SecretBox, 'seal' | 'canOpen'>;
  storedSessions: StoredSessionsEdge;
  /** Why this server should get no requests now; empty = ready. */
  reasonsNotReady(): string[];
  /** The process is shutting down and starts nothing new. */
  isStopping(): boolean;
}
