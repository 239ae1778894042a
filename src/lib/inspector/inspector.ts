/** The inspector of one process: the hub with its taps, the actor tree, and the connected readers. */
import type { GroupUsage } from '../process/group-usage.server.ts';
import type { EmbeddedHost } from '../actors/durable/host.server.ts';
import type { InspectorScope } from '../channel/inspector-access.ts';
import { INSPECTION_VERSION, type Explanation, type Trace } from '../protocol/inspection.ts';
import type { EngineName } from '../protocol/media.ts';
import { MACHINE_HASHES } from './charts/charts.ts';
import { ActorTree } from './actor-tree.ts';
import type { WatchFilter } from './client-message.ts';
import { explanationOf, type StoredDownload } from './explain.ts';
import { EngineProcesses } from './engine-processes.ts';
import { Hub } from './hub.ts';
import { InspectorReader, type ReaderSocket } from './reader.ts';
import { SessionStoreCache } from './session-store-cache.ts';
import { HostTap } from './taps/host.ts';
import type { MachineTap } from './taps/machines.ts';
import { ProcessTap, type ProcessTapOptions } from './taps/processes.ts';
import type { RunnerTap } from './taps/runner.ts';
import { buildTrace } from './trace.ts';

/** Readers are sent what is new; at every second or fourth flush the tree is refreshed first. */
const FLUSH_INTERVAL_MS = 250;
/** Stored sessions that are searched for a download that is not in the tree. */
const MAX_SEARCHED = 10_000;
/** Sessions searched without yielding to the event loop: about 3 ms. */
const SEARCH_BATCH = 250;

interface InspectorOptions extends ProcessTapOptions {
  host: Pick<EmbeddedHost, 'observe' | 'loaded' | 'stored' | 'ids'>;
  /** The class name of sessions in the host. */
  sessionClass: string;
  machines: MachineTap;
  runner: RunnerTap;
  /** Calls the session: the only part of inspecting that takes a turn. */
  explain(session: string, download: string): Promise<StoredDownload | null>;
  /** Written into traces. */
  environment: { version: string; node: string; platform: string };
  /** Of the installed engines. */
  versions(): Promise<Partial<Record<EngineName, string>>>;
  usageOfGroups(leaders: ReadonlySet<number>): Map<number, GroupUsage>;
  pid: number;
  /** Of this process; `cpuUs` is cumulative. */
  usage(): { cpuUs: number; rssBytes: number };
}

interface InspectorClient {
  watch(watch: WatchFilter): void;
  explain(download: string): Promise<void>;
  disconnect(): void;
}

export class Inspector {
  readonly #options: InspectorOptions;
  readonly #hub: Hub;
  readonly #tree: ActorTree;
  readonly #processes: ProcessTap;
  readonly #readers = new Set<InspectorReader>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #flushes = 0;
  /** `treeChanges` of the hub when the tree was last refreshed. */
  #handledChanges = -1;
  #previousUsage: { cpuUs: number; at: number } | null = null;

  constructor(options: InspectorOptions) {
    const { host, sessionClass, machines, runner, pid } = options;
    const hostTap = new HostTap(host);
    this.#processes = new ProcessTap(options);
    const engines = new EngineProcesses(this.#processes, (leaders) => options.usageOfGroups(leaders));
    this.#options = options;
    this.#hub = new Hub([
      (hub) => machines.attach(hub),
      (hub) => hostTap.attach(hub),
      (hub) => runner.attach(hub),
      (hub) => this.#processes.attach(hub),
      () => () => this.#tree.clear(),
    ]);
    this.#tree = new ActorTree({
      hub: this.#hub,
      loaded: () => host.loaded(sessionClass),
      liveDownloads: (session) => machines.liveDownloads(session),
      stored: new SessionStoreCache({
        ids: (count) => host.ids(sessionClass, '', count),
        stored: (session) => host.stored(sessionClass, session),
      }),
      engines: () => engines.entries(),
      usage: () => this.#ownUsage(),
      pid,
      startedAt: performance.timeOrigin,
    });
  }

  connect(socket: ReaderSocket, { scope, session }: InspectorScope): InspectorClient {
    const leaveHub = this.#hub.addReader();
    const own = scope === 'session' ? session : null;
    const reader = new InspectorReader({ hub: this.#hub, tree: this.#tree, socket, session: own });
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => this.#flush(), FLUSH_INTERVAL_MS);
    const { oldest, next } = this.#hub;
    reader.send({
      type: 'hello',
      v: INSPECTION_VERSION,
      scope,
      session,
      machines: MACHINE_HASHES,
      oldest,
      next,
    });
    return {
      watch: (watch) => reader.watch(watch),
      explain: async (download) => {
        const explanation = await this.explain(download, own).catch(() => null);
        if (this.#readers.has(reader)) reader.send({ type: 'explained', download, explanation });
      },
      disconnect: () => {
        if (!this.#readers.delete(reader)) return;
        leaveHub();
        if (this.#readers.size > 0 || this.#timer === null) return;
        clearInterval(this.#timer);
        this.#timer = null;
      },
    };
  }

  /** @param session the session that the download must belong to; null = any */
  async explain(download: string, session: string | null): Promise<Explanation | null> {
    const owner = session ?? (await this.#ownerOf(download));
    if (owner === null) return null;
    const stored = await this.#options.explain(owner, download);
    return stored === null ? null : explanationOf(owner, stored);
  }

  /** @param session the session that the download must belong to; null = any */
  async trace(download: string, session: string | null): Promise<Trace | null> {
    const explanation = await this.explain(download, session);
    if (explanation === null) return null;
    const recordings = this.#processes.recorder.recordingsOf(download, await this.#options.versions());
    return buildTrace(explanation, {
      hub: this.#hub,
      machines: MACHINE_HASHES,
      recordings,
      ...this.#options.environment,
    });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#readers.clear();
    this.#hub.close();
  }

  #flush(): void {
    this.#processes.recorder.maskPending();
    const flush = this.#flushes++;
    // Refreshing a tree of 200 downloads is the most expensive part of inspecting: once a second is enough for progress.
    const isDue =
      flush % 2 === 0 && (this.#hub.treeChanges > this.#handledChanges || this.#tree.isIncomplete);
    if (flush % 4 === 0 || isDue) {
      this.#handledChanges = this.#hub.treeChanges;
      this.#tree.refresh();
    }
    for (const reader of this.#readers) reader.flush();
    this.#hub.startInterval(new Set([...this.#readers].flatMap(({ actor }) => actor ?? [])));
  }

  async #ownerOf(download: string): Promise<string | null> {
    const known = this.#tree.ownerOf(download);
    if (known !== null) return known;
    const { host, sessionClass } = this.#options;
    for (const [index, id] of host.ids(sessionClass, '', MAX_SEARCHED).entries()) {
      if (index % SEARCH_BATCH === SEARCH_BATCH - 1) await new Promise((resolve) => setTimeout(resolve));
      if (host.stored(sessionClass, id).get(`d/${download}`) !== undefined) return id;
    }
    return null;
  }

  #ownUsage(): { cpuPercent: number | null; rssBytes: number } {
    const { cpuUs, rssBytes } = this.#options.usage();
    const at = performance.now();
    const before = this.#previousUsage;
    this.#previousUsage = { cpuUs, at };
    const spentMs = before === null ? 0 : at - before.at;
    const share = before === null || spentMs <= 0 ? null : (cpuUs - before.cpuUs) / 1000 / spentMs;
    return { cpuPercent: share === null ? null : Math.round(share * 1000) / 10, rssBytes };
  }
}
