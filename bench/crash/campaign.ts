/**
 * One run: downloads are added in rounds, each of which ends with SIGKILL of the server. After all rounds,
 * every acknowledged download has to be there exactly once, with the right bytes, and nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Site } from '../../tests/site/site.ts';
import type { Place } from '../../tests/support/server.ts';
import { Client } from './clients.ts';
import { OrphanWatch } from './orphans.ts';
import { downloadOf, type MarkedProcess } from './processes.ts';
import type { Plan, PlannedDownload, PlannedRound } from './plan.ts';
import { createRandom } from './random.ts';
import { judge, type Verdict } from './verdict.ts';
import { Victim } from './victim.ts';

/** The limit that the product promises. */
export const READY_MS = 3_000;
/** The hang deadline for finishing after the last kill. */
const FINISH_MS = 600_000;
/** The most kills of one download's engine: six failures in a row would end it with an error. */
const ENGINE_KILLS_EACH = 5;
/** The time from an add to its pause or removal. */
const FATE_MS = { min: 0, max: 1_500 };

export interface CampaignOptions {
  plan: Plan;
  place: Place;
  site: Site;
  /** An endless stream, for yt-dlp with ffmpeg; null = none. Removed before the end. */
  liveUrl: string | null;
  env?: Record<string, string>;
  /** Called with the output of the servers. */
  logFile?: string;
  uid?: number;
  say?: (line: string) => void;
}

export interface CampaignReport {
  seed: number;
  downloads: number;
  acknowledged: number;
  removed: number;
  serverKills: number;
  killedBeforeReady: number;
  engineKills: number;
  /** ms from spawn to the first 200 of /readyz. */
  readyMs: number[];
  /** ms from SIGKILL until no process of that server was alive. */
  orphanMs: number[];
  /** Engine processes (with ffmpeg) that were alive when the server was killed. */
  enginesAtKills: number;
  /** ms from SIGKILL of an engine's leader until its group was gone. */
  groupMs: number[];
  trouble: string[];
  verdict: Verdict;
  stopMs: number;
  durationMs: number;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  return new Campaign(options, await Victim.create({ env: {}, ...options })).run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #victim: Victim;
  readonly #over = new AbortController();
  readonly #clients: Client[] = [];
  readonly #ids = new Map<PlannedDownload, string>();
  readonly #paused = new Set<PlannedDownload>();
  readonly #trouble: string[] = [];
  readonly #orphans: OrphanWatch;
  /** Checks that continue while the next server starts. */
  readonly #checks: Promise<void>[] = [];
  readonly #random;
  #killedBeforeReady = 0;
  #engineKills = 0;
  #owedEngineKills = 0;
  #enginesAtKills = 0;

  constructor(options: CampaignOptions, victim: Victim) {
    this.#options = options;
    this.#victim = victim;
    this.#orphans = new OrphanWatch(options.place.dataDir);
    this.#random = createRandom(options.plan.seed ^ 0x5eed);
  }

  async run(): Promise<CampaignReport> {
    const { plan, place, site, say } = this.#options;
    const startedAt = performance.now();
    try {
      for (let n = 0; n < plan.sessions; n++)
        this.#clients.push(new Client(this.#victim.url, this.#over.signal));
      const opened = this.#clients.map((client) => client.open());
      const people: Promise<void>[] = [];
      for (const [n, round] of plan.rounds.entries()) {
        for (const [session, open] of opened.entries())
          people.push(open.then(() => this.#addAll(n, session)));
        if (n === 0) people.push(this.#addLive(opened[0]));
        await this.#live(round);
        say?.(`round ${n + 1}/${plan.rounds.length}: ${this.#ids.size} acknowledged`);
      }
      this.#victim.start();
      await Promise.all(people);
      await this.#finishAll();
      await Promise.all(this.#checks);
      const verdict = await judge({
        plan,
        place,
        rows: (await Promise.all(this.#clients.map((client) => client.list()))).flat(),
        ids: this.#ids,
        site,
      });
      const { exitCode, durationMs: stopMs } = await this.#victim.stop();
      for (const { pid, command } of this.#orphans.living())
        this.#trouble.push(`left by a stop: ${pid} ${command}`);
      if (exitCode !== 0) this.#trouble.push(`the last server ended with ${exitCode}`);
      return this.#report(verdict, stopMs, performance.now() - startedAt);
    } finally {
      this.#over.abort();
      await this.#victim.kill();
    }
  }

  #report(verdict: Verdict, stopMs: number, durationMs: number): CampaignReport {
    const { plan } = this.#options;
    return {
      seed: plan.seed,
      downloads: plan.downloads.length,
      acknowledged: this.#ids.size,
      removed: plan.downloads.filter(({ userAction }) => userAction === 'remove').length,
      serverKills: plan.rounds.length,
      killedBeforeReady: this.#killedBeforeReady,
      engineKills: this.#engineKills,
      readyMs: this.#victim.readyMs,
      orphanMs: this.#orphans.orphanMs,
      enginesAtKills: this.#enginesAtKills,
      groupMs: this.#orphans.groupMs,
      trouble: [
        ...this.#trouble,
        ...this.#orphans.trouble,
        ...this.#victim.deaths.map((death) => `a server ended by itself: ${death}`),
      ],
      verdict,
      stopMs,
      durationMs,
    };
  }

  /** One round, from the spawn of the server to its end. */
  async #live({ early, lifeMs, engineKillsAtMs, restartAtOnce }: PlannedRound): Promise<void> {
    let readyMs: number | null = null;
    const { ready } = this.#victim.start();
    const whenReady = ready.then((ms) => {
      readyMs = ms;
      if (ms !== null) this.#checks.push(this.#pausedStayPaused(), this.#keepLive());
    });
    if (!early) await whenReady;
    const startedAt = performance.now();
    const until = (ms: number): Promise<void> => delay(Math.max(0, startedAt + ms - performance.now()));
    for (const atMs of engineKillsAtMs) {
      await until(Math.min(atMs, lifeMs));
      this.#owedEngineKills++;
      this.#killEngine();
    }
    // there may have been no engine at the planned time
    while (this.#owedEngineKills > 0 && performance.now() - startedAt < lifeMs) {
      await delay(20);
      this.#killEngine();
    }
    await until(lifeMs);
    const engines = this.#orphans.living();
    await this.#victim.kill();
    const killedAt = performance.now();
    if (readyMs === null) this.#killedBeforeReady++;
    this.#enginesAtKills += engines.length;
    const check = this.#orphans.serverKilled(killedAt, engines);
    if (restartAtOnce) this.#checks.push(check);
    else await check;
  }

  /** Sends SIGKILL to the leader of an engine's process group; the rest of the group has to end too. */
  #killEngine(): void {
    const engines = this.#orphans
      .living()
      .filter((engine) => engine.pid === engine.group && this.#mayKill(engine));
    const engine = engines[this.#random.between(0, engines.length - 1)];
    if (engine === undefined) return;
    try {
      process.kill(engine.pid, 'SIGKILL');
    } catch {
      return;
    }
    const download = downloadOf(engine);
    this.#killsOf.set(download, (this.#killsOf.get(download) ?? 0) + 1);
    this.#engineKills++;
    this.#owedEngineKills--;
    this.#checks.push(this.#orphans.leaderKilled(performance.now(), engine));
  }

  readonly #killsOf = new Map<string, number>();

  #mayKill(engine: MarkedProcess): boolean {
    const download = downloadOf(engine);
    return download === this.#liveId || (this.#killsOf.get(download) ?? 0) < ENGINE_KILLS_EACH;
  }

  async #addAll(round: number, session: number): Promise<void> {
    const { plan } = this.#options;
    const client = this.#clients[session]!;
    for (const download of plan.downloads) {
      if (download.round !== round || download.session !== session) continue;
      const id = await client.add(download, addressOf(this.#options.site.url, download));
      this.#ids.set(download, id);
      if (download.userAction !== 'finish') this.#checks.push(this.#runUserAction(client, download, id));
    }
  }

  async #runUserAction(client: Client, download: PlannedDownload, id: string): Promise<void> {
    await delay(this.#random.between(FATE_MS.min, FATE_MS.max));
    if (download.userAction === 'remove') await client.remove(id);
    else if (await client.pause(id)) this.#paused.add(download);
  }

  async #addLive(opened: Promise<void> | undefined): Promise<void> {
    const { liveUrl } = this.#options;
    if (liveUrl === null) return;
    await opened;
    const live = { name: 'live', engine: 'yt-dlp' } as PlannedDownload;
    const id = await this.#clients[0]!.add(live, liveUrl);
    this.#liveId = id;
  }
  #liveId: string | null = null;

  /** Adds the endless stream again: engine kills hit it most, and five in a row end it with an error. */
  async #keepLive(): Promise<void> {
    const id = this.#liveId;
    if (id !== null && !this.#resuming) await this.#clients[0]!.ask('POST', `/api/downloads/${id}/retry`);
  }

  async #pausedStayPaused(): Promise<void> {
    const [download] = [...this.#paused].slice(-1);
    const id = download && this.#ids.get(download);
    if (!download || id === undefined || this.#resuming) return;
    const row = await this.#clients[download.session]!.get(id);
    if (this.#resuming) return;
    // the download may have completed before it was paused
    if (row?.state !== 'paused' && row?.state !== 'complete') {
      this.#trouble.push(`paused ${download.name} is ${row?.state ?? 'gone'} after a start`);
    }
  }
  #resuming = false;

  /** After the last kill: waits until all downloads have ended. */
  async #finishAll(): Promise<void> {
    const { say } = this.#options;
    // all pauses and removals have to be done before the paused ones are resumed
    await Promise.all(this.#checks);
    this.#resuming = true;
    if (this.#liveId !== null) await this.#clients[0]!.remove(this.#liveId);
    for (const download of this.#paused) {
      await this.#clients[download.session]!.resume(this.#ids.get(download)!);
    }
    const end = performance.now() + FINISH_MS;
    for (let left = Infinity; left > 0; await delay(200)) {
      // the kills for which there was no engine in their round
      if (this.#owedEngineKills > 0) this.#killEngine();
      const open = await Promise.all(
        this.#clients.map((client) => client.list('queued,parse,download,finish,waiting,paused')),
      );
      if (open.flat().length !== left) say?.(`${open.flat().length} unfinished`);
      left = open.flat().length;
      if (performance.now() > end) {
        this.#trouble.push(`${left} downloads did not end in ${FINISH_MS / 1000} s`);
        return;
      }
    }
  }
}

export function addressOf(site: string, download: PlannedDownload): string {
  const { name, engine, bytes, contentSeed, bytesPerSecond, cutAt } = download;
  const video = engine === 'yt-dlp';
  const query = new URLSearchParams({
    size: String(bytes),
    seed: String(contentSeed),
    type: video ? 'video/mp4' : 'application/octet-stream',
    ...(bytesPerSecond === null ? {} : { rate: String(bytesPerSecond) }),
    ...(cutAt === null ? {} : { fault: `cut-at=${cutAt}`, times: '2' }),
  });
  return `${site}/file/${name}.${video ? 'mp4' : 'bin'}?${query}`;
}
