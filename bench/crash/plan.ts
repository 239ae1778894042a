/** The plan of a run, made from its seed: files, user actions, and when the server is killed. */
import { createRandom, type Random } from './random.ts';

export interface PlanOptions {
  seed: number;
  downloads: number;
  kills: number;
  engineKills: number;
  /** Share of downloads for yt-dlp; 0 if it is not installed. */
  ytDlpShare: number;
  maxBytes?: number;
  /** The longest that a server lives after it is ready. */
  maxLifeMs?: number;
}

/** What the user does with a download some time after adding it. */
export type UserAction = 'finish' | 'pause' | 'remove';

export interface PlannedDownload {
  /** The requested name. All differ, so a ` (2)` is a file that was finished twice. */
  name: string;
  engine: 'http' | 'yt-dlp';
  bytes: number;
  contentSeed: number;
  /** null = not limited. */
  bytesPerSecond: number | null;
  /** The server closes each connection after so many bytes; null = never. */
  cutAt: number | null;
  userAction: UserAction;
  /** The session it belongs to. */
  session: number;
  /** The round in which it is added. */
  round: number;
}

export interface PlannedRound {
  /** Killed during its start: `lifeMs` counts from the spawn, else from the first 200 of /readyz. */
  early: boolean;
  /** Until SIGKILL, ms. */
  lifeMs: number;
  /** When engines are killed, ms after the spawn or the first 200. */
  engineKillsAtMs: number[];
  /** Whether the next server starts while the watcher of the last one may still be cleaning up. */
  restartAtOnce: boolean;
}

export interface Plan {
  seed: number;
  sessions: number;
  downloads: PlannedDownload[];
  rounds: PlannedRound[];
}

const SESSIONS = 4;
const MIN_BYTES = 10_000;
const MAX_BYTES = 20_000_000;
/** A body that takes this long is still running at most kills. */
const SLOW_SECONDS = { min: 1, max: 4 };
/** Few contents, many sizes: each content takes 1 MiB of memory on the site. */
const CONTENTS = 16;
const EARLY_SHARE = 0.15;
const EARLY_MS = { min: 5, max: 1_200 };

export function makePlan({
  seed,
  downloads,
  kills,
  engineKills,
  ytDlpShare,
  maxBytes = MAX_BYTES,
  maxLifeMs = 2_500,
}: PlanOptions): Plan {
  const random = createRandom(seed);
  const rounds = Array.from({ length: kills }, () => makeRound(random, maxLifeMs));
  for (let n = 0; n < engineKills; n++) {
    const round = rounds[random.between(0, rounds.length - 1)];
    round?.engineKillsAtMs.push(random.between(1, maxLifeMs));
  }
  for (const round of rounds) round.engineKillsAtMs.sort((a, b) => a - b);
  const sizes = new Set<number>();
  const planned = Array.from({ length: downloads }, (_, n) => {
    const engine = random.chance(ytDlpShare) ? 'yt-dlp' : 'http';
    // a different size for each, so that bytes in the wrong file are noticed
    let bytes = random.spread(MIN_BYTES, maxBytes);
    while (sizes.has(bytes)) bytes++;
    sizes.add(bytes);
    const slow = random.chance(0.25);
    const cut = engine === 'http' && bytes > 200_000 && random.chance(0.05);
    const x = random.next();
    return {
      name: `f${String(n).padStart(5, '0')}`,
      engine,
      bytes,
      contentSeed: random.between(1, CONTENTS),
      bytesPerSecond: slow ? Math.ceil(bytes / random.between(SLOW_SECONDS.min, SLOW_SECONDS.max)) : null,
      cutAt: cut ? Math.floor(bytes * 0.6) : null,
      userAction: x < 0.06 ? 'remove' : x < 0.12 ? 'pause' : 'finish',
      session: random.between(0, SESSIONS - 1),
      round: Math.floor((n / downloads) * rounds.length),
    } satisfies PlannedDownload;
  });
  return { seed, sessions: SESSIONS, downloads: planned, rounds };
}

function makeRound(random: Random, maxLifeMs: number): PlannedRound {
  const early = random.chance(EARLY_SHARE);
  return {
    early,
    lifeMs: early ? random.between(EARLY_MS.min, EARLY_MS.max) : random.between(1, maxLifeMs),
    engineKillsAtMs: [],
    restartAtOnce: random.chance(0.5),
  };
}
