/** The inspector of one process: the hub with its taps, the tree, and the clients that look. */
import type { GroupUsage } from '../process/usage.server.ts';
import type { EmbeddedHost } from '../actors/durable/host.server.ts';
import type { InspectorScope } from '../channel/inspector-access.ts';
import { INSPECTION_VERSION, type Explanation, type Trace } from '../protocol/inspection.ts';
import type { EngineName } from '../protocol/media.ts';
import { MACHINE_HASHES } from './charts/charts.ts';
import { Census } from './census.ts';
import type { Watch } from './client-message.ts';
import { explanationOf, type Stored } from './explain.ts';
import { EngineLines } from './engine-lines.ts';
import { Hub } from './hub.ts';
import { Reader, type ReaderWire } from './reader.ts';
import { SessionFiles } from './session-files.ts';
import { HostTap } from './taps/host.ts';
import type { MachineTap } from './taps/machines.ts';
import { ProcessTap, type ProcessTapOptions } from './taps/processes.ts';
import type { RunnerTap } from './taps/runner.ts';
import { buildTrace } from './trace.ts';

/** Readers are served, and every second or fourth time the tree is looked at. */
const BEAT_MS = 250;
/** Sessions that are searched for a download that nothing in memory knows. */
const MAX_SEARCHED = 10_000;
/** 3 ms or so. */
const SEARCHED_AT_ONCE = 250;

export interface InspectorOptions extends ProcessTapOptions {
  host: Pick<EmbeddedHost, 'observe' | 'loaded' | 'stored' | 'ids'>;
  /** The host's class of sessions. */
  sessionClass: string;
  machines: MachineTap;
  runner: RunnerTap;
  /** Asks the session itself: the one thing here that is a turn. */
  explain(session: string, download: string): Promise<Stored | null>;
  /** What is written into traces. */
  about: { version: string; node: string; platform: string };
  /** Of the engines that are there. */
  versions(): Promise<Partial<Record<EngineName, string>>>;
  usageOfGroups(leaders: ReadonlySet<number>): Map<number, GroupUsage>;
  pid: number;
  /** Of the process; cumulative µs of CPU. */
  usage(): { cpuUs: number; rssBytes: number };
}

export interface InspectorClient {
  watch(watch: Watch): void;
  explain(download: string): Promise<void>;
  leave(): void;
}

export class Inspector {
  readonly #options: InspectorOptions;
  readonly #hub: Hub;
  readonly #census: Census;
  readonly #processes: ProcessTap;
  readonly #readers = new Set<Reader>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #beats = 0;
  /** The hub's when the census last looked. */
  #changes = -1;
  #usage: { cpuUs: number; at: number } | null = null;

  constructor(options: InspectorOptions) {
    const { host, sessionClass, machines, runner, pid } = options;
    const hostTap = new HostTap(host);
    this.#processes = new ProcessTap(options);
    const engines = new EngineLines(this.#processes, (leaders) => options.usageOfGroups(leaders));
    this.#options = options;
    this.#hub = new Hub([
      (hub) => machines.attach(hub),
      (hub) => hostTap.attach(hub),
      (hub) => runner.attach(hub),
      (hub) => this.#processes.attach(hub),
      () => () => this.#census.clear(),
    ]);
    this.#census = new Census({
      hub: this.#hub,
      present: () => host.loaded(sessionClass),
      live: (session) => machines.live(session),
      files: new SessionFiles({
        ids: (count) => host.ids(sessionClass, '', count),
        stored: (session) => host.stored(sessionClass, session),
      }),
      engines: () => engines.look(),
      usage: () => this.#ownUsage(),
      pid,
      startedAt: performance.timeOrigin,
    });
  }

  connect(wire: ReaderWire, { scope, session }: InspectorScope): InspectorClient {
    const leaveHub = this.#hub.join();
    const own = scope === 'session' ? session : null;
    const reader = new Reader({ hub: this.#hub, census: this.#census, wire, session: own });
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS);
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
      leave: () => {
        if (!this.#readers.delete(reader)) return;
        leaveHub();
        if (this.#readers.size > 0 || this.#timer === null) return;
        clearInterval(this.#timer);
        this.#timer = null;
      },
    };
  }

  /** @param session whose it has to be; null = anybody's */
  async explain(download: string, session: string | null): Promise<Explanation | null> {
    const owner = session ?? (await this.#ownerOf(download));
    if (owner === null) return null;
    const stored = await this.#options.explain(owner, download);
    return stored === null ? null : explanationOf(owner, stored);
  }

  /** @param session whose it has to be; null = anybody's */
  async trace(download: string, session: string | null): Promise<Trace | null> {
    const explanation = await this.explain(download, session);
    if (explanation === null) return null;
    const recordings = this.#processes.recorder.of(download, await this.#options.versions());
    return buildTrace(explanation, {
      hub: this.#hub,
      machines: MACHINE_HASHES,
      recordings,
      ...this.#options.about,
    });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#readers.clear();
    this.#hub.close();
  }

  #beat(): void {
    this.#processes.recorder.settle();
    const beat = this.#beats++;
    // A look at two hundred downloads is the dearest part of watching them: for mere progress one a second will do.
    const isDue = beat % 2 === 0 && (this.#hub.changes > this.#changes || this.#census.isBehind);
    if (beat % 4 === 0 || isDue) {
      this.#changes = this.#hub.changes;
      this.#census.look();
    }
    for (const reader of this.#readers) reader.flush();
    this.#hub.beat(new Set([...this.#readers].flatMap(({ actor }) => actor ?? [])));
  }

  async #ownerOf(download: string): Promise<string | null> {
    const known = this.#census.ownerOf(download);
    if (known !== null) return known;
    const { host, sessionClass } = this.#options;
    for (const [index, id] of host.ids(sessionClass, '', MAX_SEARCHED).entries()) {
      // Ten thousand at once would hold everybody up.
      if (index % SEARCHED_AT_ONCE === SEARCHED_AT_ONCE - 1) await new Promise((go) => setTimeout(go));
      if (host.stored(sessionClass, id).get(`d/${download}`) !== undefined) return id;
    }
    return null;
  }

  #ownUsage(): { cpuPercent: number | null; rssBytes: number } {
    const { cpuUs, rssBytes } = this.#options.usage();
    const at = performance.now();
    const before = this.#usage;
    this.#usage = { cpuUs, at };
    const spentMs = before === null ? 0 : at - before.at;
    const share = before === null || spentMs <= 0 ? null : (cpuUs - before.cpuUs) / 1000 / spentMs;
    return { cpuPercent: share === null ? null : Math.round(share * 1000) / 10, rssBytes };
  }
}
