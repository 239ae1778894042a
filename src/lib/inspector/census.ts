/**
 * The tree of what lives: looked at once or twice a second while somebody watches, in memory and in the store, without
 * waking a session and without a turn. Each line has the revision at which it last changed, so that a reader is sent the
 * whole once and then what changed.
 */
import type { ActorView, LastEvent, EntityId } from '../protocol/inspection.ts';
import { pathOf } from './describe.ts';
import type { Hub } from './hub.ts';
import { nameOf } from './note.ts';
import { readable } from './plain.ts';
import type { SessionFiles } from './session-files.ts';
import type { LiveDownload } from './taps/machines.ts';

/** Lines of downloads: more than a person looks through, little enough to compare twice a second. */
const MAX_DOWNLOADS = 2_000;
/** Looks for which lines that are gone are remembered: a minute or two. Who is further behind gets the whole again. */
const GONE_LOOKS = 120;

export interface EngineLine {
  view: Extract<ActorView, { kind: 'engine' }>;
  session: string | null;
}

export interface CensusSources {
  hub: Hub;
  /** Sessions in memory. */
  present(): { id: string; isLive: boolean; waiting: number; sockets: number }[];
  live(session: string): LiveDownload[];
  files: SessionFiles;
  engines(): EngineLine[];
  /** Of this process. */
  usage(): { cpuPercent: number | null; rssBytes: number | null };
  pid: number;
  startedAt: number;
}

interface Line {
  view: ActorView;
  session: string | null;
  revision: number;
}

export class Census {
  readonly #sources: CensusSources;
  #lines = new Map<EntityId, Line>();
  #gone: { id: EntityId; session: string | null; revision: number }[] = [];
  #events = new Map<EntityId, LastEvent>();
  /** When a session woke up or fell asleep, as far as that was seen. */
  #lives = new Map<EntityId, number>();
  #read = 0;
  revision = 0;

  constructor(sources: CensusSources) {
    this.#sources = sources;
  }

  /** Not all that is in the store was read yet. */
  get isBehind(): boolean {
    return this.#sources.files.isBehind;
  }

  /** Looks at everything once more. */
  look(): void {
    this.revision += 1;
    this.#readEvents();
    const before = this.#lines;
    this.#lines = new Map();
    this.#addSessions(before);
    for (const { view, session } of this.#sources.engines()) this.#add(before, view, session);
    for (const [id, { session }] of before) {
      if (!this.#lines.has(id)) this.#forget(id, session);
    }
    this.#gone = this.#gone.filter(({ revision }) => revision > this.revision - GONE_LOOKS);
  }

  /** Forgets everything: nobody watches. */
  clear(): void {
    this.#lines.clear();
    this.#gone = [];
    this.#events.clear();
    this.#lives.clear();
    this.#sources.files.clear();
  }

  /**
   * What changed after a revision (null = everything).
   * @param session only what belongs to it; null = everything
   */
  since(
    revision: number | null,
    session: string | null,
  ): { whole: boolean; set: ActorView[]; gone: EntityId[] } {
    const whole = revision === null || revision < this.revision - GONE_LOOKS;
    const from = whole ? 0 : revision;
    const set: ActorView[] = [];
    for (const line of this.#lines.values()) {
      if (line.revision <= from) continue;
      if (session === null || line.session === session) set.push(line.view);
      else if (line.view.kind === 'host') set.push(this.#hostFor(line.view, session));
    }
    const gone = whole
      ? []
      : this.#gone
          .filter((line) => line.revision > from && (session === null || line.session === session))
          .map(({ id }) => id);
    return { whole, set, gone };
  }

  /** The session of a download that is in the tree. */
  ownerOf(download: string): string | null {
    return this.#lines.get(`download:${download}`)?.session ?? null;
  }

  #readEvents(): void {
    const { hub } = this.#sources;
    for (const { n, about, also, at, session, note } of hub.since(this.#read)) {
      this.#read = n + 1;
      const event = { name: readable(nameOf(note)), at };
      this.#events.set(about, event);
      if (also !== null) this.#events.set(also, event);
      if (session === null) this.#events.set('host', event);
      if (note.kind === 'life') this.#lives.set(about, at);
      if (note.kind === 'commit') for (const id of note.sessions) this.#sources.files.written(id);
    }
  }

  #addSessions(before: ReadonlyMap<EntityId, Line>): void {
    const sources = this.#sources;
    const { files, pid, startedAt } = sources;
    const present = new Map(sources.present().map((one) => [one.id, one]));
    const ids = files.look([...present.keys()]);
    const host: ActorView = {
      id: 'host',
      kind: 'host',
      pid,
      since: startedAt,
      ...sources.usage(),
      sessions: ids.length,
      live: [...present.values()].filter(({ isLive }) => isLive).length,
      lastEvent: this.#events.get('host') ?? null,
    };
    this.#add(before, host, null);
    let room = MAX_DOWNLOADS;
    for (const id of ids) {
      const party: EntityId = `session:${id}`;
      const memory = present.get(id);
      const file = files.of(id);
      const view: ActorView = {
        id: party,
        kind: 'session',
        parent: 'host',
        state: memory?.isLive ? 'live' : 'hibernated',
        since: this.#lives.get(party) ?? file.createdAt ?? startedAt,
        createdAt: file.createdAt,
        mailbox: memory?.waiting ?? 0,
        sockets: memory?.sockets ?? 0,
        alarmAt: file.alarmAt,
        storageBytes: file.bytes,
        lastEvent: this.#events.get(party) ?? null,
      };
      this.#add(before, view, id);
      const living = new Map(sources.live(id).map((download) => [download.row.id, download]));
      const rows = [
        ...living.values(),
        ...file.rows.filter((row) => !living.has(row.id)).map((row) => ({ row })),
      ];
      for (const download of rows.slice(0, room)) this.#add(before, this.#download(party, download), id);
      room -= Math.min(room, rows.length);
    }
  }

  #download(parent: EntityId, { row, value }: Pick<LiveDownload, 'row'> & { value?: unknown }): ActorView {
    const { id, totalBytes, receivedBytes } = row;
    const share = totalBytes === null || totalBytes <= 0 ? row.percent : (receivedBytes / totalBytes) * 100;
    return {
      id: `download:${id}`,
      kind: 'download',
      parent,
      title: readable(row.title),
      state: value === undefined ? row.state : pathOf(value),
      isLive: value !== undefined,
      since: row.history.at(-1)?.[0] ?? row.createdAt,
      createdAt: row.createdAt,
      attempt: row.attempt,
      percent: share === null ? null : Math.floor(Math.min(100, share) * 10) / 10,
      errorCode: row.error?.code ?? null,
      lastEvent: this.#events.get(`download:${id}`) ?? null,
    };
  }

  #add(before: ReadonlyMap<EntityId, Line>, view: ActorView, session: string | null): void {
    const old = before.get(view.id);
    const line =
      old !== undefined && isSame(old.view, view) ? old : { view, session, revision: this.revision };
    this.#lines.set(view.id, line);
  }

  #forget(id: EntityId, session: string | null): void {
    this.#gone.push({ id, session, revision: this.revision });
    this.#events.delete(id);
    this.#lives.delete(id);
  }

  /** Whose page it is sees the process, but not who else is in it. */
  #hostFor(host: Extract<ActorView, { kind: 'host' }>, session: string): ActorView {
    const own = this.#lines.get(`session:${session}`)?.view;
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
