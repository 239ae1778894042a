/**
 * The tree of host, sessions, downloads and engine processes. While there are readers it is refreshed once or twice a
 * second, from memory and the store, without waking a session and without a turn. Each entry has the revision at which it
 * last changed, so that a reader is sent the whole tree once and then only changes.
 */
import type { ActorView, LastEvent, EntityId } from '../protocol/inspection.ts';
import { percentOf } from '../protocol/channel.ts';
import { statePath } from './describe.ts';
import type { Hub } from './hub.ts';
import { recordName } from './record.ts';
import { safeText } from './safe-json.ts';
import type { SessionStoreCache } from './session-store-cache.ts';
import type { LiveDownload } from './taps/machines.ts';

/** Downloads in the tree: more than anybody reads through, few enough to compare twice a second. */
const MAX_DOWNLOADS = 2_000;
/** Refreshes for which removed entries are remembered: 1 to 2 minutes. A reader further behind gets the whole tree. */
const GONE_KEPT_REFRESHES = 120;

export interface EngineEntry {
  view: Extract<ActorView, { kind: 'engine' }>;
  session: string | null;
}

interface ActorTreeSources {
  hub: Hub;
  /** The sessions in memory. */
  loaded(): { id: string; isLive: boolean; waiting: number; sockets: number }[];
  liveDownloads(session: string): LiveDownload[];
  stored: SessionStoreCache;
  engines(): EngineEntry[];
  /** Of this process. */
  usage(): { cpuPercent: number | null; rssBytes: number | null };
  pid: number;
  startedAt: number;
}

interface TreeEntry {
  view: ActorView;
  session: string | null;
  revision: number;
}

export class ActorTree {
  readonly #sources: ActorTreeSources;
  #entries = new Map<EntityId, TreeEntry>();
  #gone: { id: EntityId; session: string | null; revision: number }[] = [];
  #lastEvents = new Map<EntityId, LastEvent>();
  /** When a session last woke up or went to sleep, if that was recorded. */
  #lifecycleTimes = new Map<EntityId, number>();
  #nextRecord = 0;
  revision = 0;

  constructor(sources: ActorTreeSources) {
    this.#sources = sources;
  }

  /** Not everything in the store has been read yet. */
  get isIncomplete(): boolean {
    return this.#sources.stored.isIncomplete;
  }

  refresh(): void {
    this.revision += 1;
    this.#readEvents();
    const before = this.#entries;
    this.#entries = new Map();
    this.#addSessions(before);
    for (const { view, session } of this.#sources.engines()) this.#add(before, view, session);
    for (const [id, { session }] of before) {
      if (!this.#entries.has(id)) this.#markGone(id, session);
    }
    this.#gone = this.#gone.filter(({ revision }) => revision > this.revision - GONE_KEPT_REFRESHES);
  }

  /** Forgets everything, when there are no readers. */
  clear(): void {
    this.#entries.clear();
    this.#gone = [];
    this.#lastEvents.clear();
    this.#lifecycleTimes.clear();
    this.#sources.stored.clear();
  }

  /**
   * Changes after a revision (null = the whole tree).
   * @param session only entries of this session; null = all
   */
  changesSince(
    revision: number | null,
    session: string | null,
  ): { whole: boolean; set: ActorView[]; gone: EntityId[] } {
    const whole = revision === null || revision < this.revision - GONE_KEPT_REFRESHES;
    const from = whole ? 0 : revision;
    const set: ActorView[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.revision <= from) continue;
      if (session === null || entry.session === session) set.push(entry.view);
      else if (entry.view.kind === 'host') set.push(this.#hostViewFor(entry.view, session));
    }
    const gone = whole
      ? []
      : this.#gone
          .filter((entry) => entry.revision > from && (session === null || entry.session === session))
          .map(({ id }) => id);
    return { whole, set, gone };
  }

  /** The session of a download that is in the tree. */
  ownerOf(download: string): string | null {
    return this.#entries.get(`download:${download}`)?.session ?? null;
  }

  #readEvents(): void {
    const { hub } = this.#sources;
    for (const { n, about, alsoAbout, at, session, body } of hub.since(this.#nextRecord)) {
      this.#nextRecord = n + 1;
      const event = { name: safeText(recordName(body)), at };
      this.#lastEvents.set(about, event);
      if (alsoAbout !== null) this.#lastEvents.set(alsoAbout, event);
      if (session === null) this.#lastEvents.set('host', event);
      if (body.kind === 'life') this.#lifecycleTimes.set(about, at);
      if (body.kind === 'commit') for (const id of body.sessions) this.#sources.stored.markChanged(id);
    }
  }

  #addSessions(before: ReadonlyMap<EntityId, TreeEntry>): void {
    const sources = this.#sources;
    const { stored, pid, startedAt } = sources;
    const loaded = new Map(sources.loaded().map((one) => [one.id, one]));
    const ids = stored.refresh([...loaded.keys()]);
    const host: ActorView = {
      id: 'host',
      kind: 'host',
      pid,
      since: startedAt,
      ...sources.usage(),
      sessions: ids.length,
      live: [...loaded.values()].filter(({ isLive }) => isLive).length,
      lastEvent: this.#lastEvents.get('host') ?? null,
    };
    this.#add(before, host, null);
    let room = MAX_DOWNLOADS;
    for (const id of ids) {
      const entityId: EntityId = `session:${id}`;
      const memory = loaded.get(id);
      const cached = stored.get(id);
      const view: ActorView = {
        id: entityId,
        kind: 'session',
        parent: 'host',
        state: memory?.isLive ? 'live' : 'hibernated',
        since: this.#lifecycleTimes.get(entityId) ?? cached.createdAt ?? startedAt,
        createdAt: cached.createdAt,
        mailbox: memory?.waiting ?? 0,
        sockets: memory?.sockets ?? 0,
        alarmAt: cached.alarmAt,
        storageBytes: cached.bytes,
        lastEvent: this.#lastEvents.get(entityId) ?? null,
      };
      this.#add(before, view, id);
      const live = new Map(sources.liveDownloads(id).map((download) => [download.row.id, download]));
      const rows = [
        ...live.values(),
        ...cached.rows.filter((row) => !live.has(row.id)).map((row) => ({ row })),
      ];
      for (const download of rows.slice(0, room))
        this.#add(before, this.#downloadView(entityId, download), id);
      room -= Math.min(room, rows.length);
    }
  }

  #downloadView(
    parent: EntityId,
    { row, value }: Pick<LiveDownload, 'row'> & { value?: unknown },
  ): ActorView {
    const { id } = row;
    return {
      id: `download:${id}`,
      kind: 'download',
      parent,
      title: safeText(row.title),
      state: value === undefined ? row.state : statePath(value),
      isLive: value !== undefined,
      since: row.history.at(-1)?.[0] ?? row.createdAt,
      createdAt: row.createdAt,
      attempt: row.attempt,
      percent: percentOf(row),
      errorCode: row.error?.code ?? null,
      lastEvent: this.#lastEvents.get(`download:${id}`) ?? null,
    };
  }

  #add(before: ReadonlyMap<EntityId, TreeEntry>, view: ActorView, session: string | null): void {
    const old = before.get(view.id);
    const entry =
      old !== undefined && isSame(old.view, view) ? old : { view, session, revision: this.revision };
    this.#entries.set(view.id, entry);
  }

  #markGone(id: EntityId, session: string | null): void {
    this.#gone.push({ id, session, revision: this.revision });
    this.#lastEvents.delete(id);
    this.#lifecycleTimes.delete(id);
  }

  /** A session sees the process, but not the other sessions in it. */
  #hostViewFor(host: Extract<ActorView, { kind: 'host' }>, session: string): ActorView {
    const own = this.#entries.get(`session:${session}`)?.view;
    const isLive = own?.kind === 'session' && own.state === 'live';
    return { ...host, sessions: 1, live: isLive ? 1 : 0, lastEvent: null };
  }
}

function isSame(a: ActorView, b: ActorView): boolean {
  const [before, after] = [a, b] as unknown as Record<string, unknown>[];
  for (const key in after) {
    if (before?.[key] === after[key]) continue;
    if (
      key !== 'lastEvent' ||
      !isSameEvent(before?.[key] as LastEvent | null, after[key] as LastEvent | null)
    )
      return false;
  }
  return true;
}

function isSameEvent(a: LastEvent | null, b: LastEvent | null): boolean {
  return a?.at === b?.at && a?.name === b?.name;
}
