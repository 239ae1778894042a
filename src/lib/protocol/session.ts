/** A session as shown to its browser and to the operator. */
export interface SessionSummary {
  /** 16 characters. Not a secret: it gives no access. */
  id: string;
  /** All on its list, ended ones too. */
  downloads: number;
  /** Those that have not ended. */
  unfinished: number;
  /** The newest download; null = the list is empty, or it cannot be read. */
  newest: { title: string; addedAt: string } | null;
}

/** Response of `POST /api/sessions`. */
export interface OpenedSession {
  id: string;
  /** Only for a new session; absent = the browser's existing one. */
  token?: string;
  /** The id in a token that the browser also sent: the session is stored here, but the server's key did not sign it. */
  lost?: string;
}

/** What a link of `sluice operator` opens: response of `POST /api/links/read`. */
export type LinkView =
  | { kind: 'inspector' }
  | {
      kind: 'session';
      expiresAt: string;
      opens: SessionSummary;
      /** The session that the browser has now; null = none. */
      present: SessionSummary | null;
    };

/** Response of `POST /api/links/open`. */
export type OpenedLink = { kind: 'inspector' } | { kind: 'session'; id: string };

/** Response of `GET /api/operator/sessions`: newest first. `more` = how many are not listed. */
export interface SessionList {
  sessions: SessionSummary[];
  more: number;
}
