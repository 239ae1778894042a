/** The sessions in the store, for an operator who looks for one. */
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import { type Access, accessOf } from '#lib/actors/session/devices.ts';
import { hasStoredDownload } from '#lib/actors/session/stored-session.ts';
import { OWN } from '#lib/actors/session/store.ts';
import { summarize } from '#lib/actors/session/summary.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { ListOwner } from '#lib/protocol/person-limits.ts';
import type { SessionList, SessionSummary } from '#lib/protocol/session.ts';

/** Read in one turn of the event loop: about 2 ms, so that listing thousands delays no other request. */
const SESSIONS_A_TURN = 20;

export class StoredSessions {
  readonly #host: EmbeddedHost;
  readonly #class: string;

  constructor(host: EmbeddedHost, sessionClass: string) {
    this.#host = host;
    this.#class = sessionClass;
  }

  /** A session that was never stored has no downloads. */
  summary(session: string): SessionSummary {
    return summarize(session, this.#host.stored(this.#class, session));
  }

  /** What a device may do with a session's list; null = it is not admitted. Damaged access is none. */
  accessOf(session: string, device: string): Access | null {
    try {
      return accessOf(this.#host.stored(this.#class, session), device, Date.now());
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'row_damaged') return null;
      throw error;
    }
  }

  /** Whose a list is where people sign in; null = nobody's, or not to be read. */
  ownOf(session: string): ListOwner | null {
    try {
      return this.#host.stored(this.#class, session).get<ListOwner>(OWN) ?? null;
    } catch {
      return null;
    }
  }

  /** The sessions that have these downloads in their lists, by download. */
  async ownersOf(downloads: readonly string[]): Promise<Map<string, string>> {
    const owners = new Map<string, string>();
    for await (const session of this.ids()) {
      const stored = this.#host.stored(this.#class, session);
      for (const download of downloads)
        if (hasStoredDownload(stored, download)) owners.set(download, session);
    }
    return owners;
  }

  /** Sessions with downloads whose id begins with `prefix`, most recently used first. */
  async all(prefix: string, limit: number): Promise<SessionList> {
    const found: SessionSummary[] = [];
    for await (const id of this.ids()) {
      const summary = id.startsWith(prefix) ? this.summary(id) : null;
      if (summary !== null && summary.downloads > 0) found.push(summary);
    }
    found.sort((a, b) => (b.newest?.addedAt ?? '').localeCompare(a.newest?.addedAt ?? ''));
    return { sessions: found.slice(0, limit), more: Math.max(0, found.length - limit) };
  }

  /** Of all sessions, with a pause for other work now and then. */
  async *ids(): AsyncGenerator<string> {
    for (let after = ''; ;) {
      const ids = this.#host.ids(this.#class, after, SESSIONS_A_TURN);
      yield* ids;
      const last = ids.at(-1);
      if (last === undefined) return;
      after = last;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
