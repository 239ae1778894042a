/** What is said of a whole session, to its browser and to the operator. */
export interface SessionSummary {
  /** 16 characters. No secret: nobody opens a session by it. */
  id: string;
  /** On its list, ended ones too. */
  downloads: number;
  /** Of these: those that have not ended. */
  unfinished: number;
  /** The download that was added last; null = none is on the list, or it cannot be read. */
  newest: { title: string; addedAt: string } | null;
}

/** Answer of `POST /api/sessions`. */
export interface OpenedSession {
  id: string;
  /** Of a new session; without it, it is the one that the browser had. */
  token?: string;
  /** The browser also sent a token of this session, which is stored here, but the server's key has not signed it. */
  lost?: string;
}

/** What a link of `sluice operator` is for: answer of `POST /api/links/read`. */
export type LinkView =
  | { kind: 'inspector' }
  | {
      kind: 'session';
      expiresAt: string;
      opens: SessionSummary;
      /** The session that the browser has now; null = none. */
      present: SessionSummary | null;
    };

/** Answer of `POST /api/links/open`. */
export type OpenedLink = { kind: 'inspector' } | { kind: 'session'; id: string };

/** Answer of `GET /api/operator/sessions`: newest first. `more` = how many are not listed. */
export interface SessionList {
  sessions: SessionSummary[];
  more: number;
}
