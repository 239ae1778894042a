/** What the power part does, made from its seed: which files are under way, and when the power goes. */
import { createRandom, type Random } from '../random.ts';
import type { OriginFile } from './origin.ts';

export const KINDS = ['small', 'one', 'several', 'large', 'hls', 'hls-large', 'yt-dlp', 'sha256'] as const;
export type Kind = (typeof KINDS)[number];

export interface PowerFile extends OriginFile {
  kind: Kind;
}

export interface PlannedCut {
  /** From the moment the server is ready, or a download was seen complete. */
  afterMs: number;
  /** Waits for the next `complete` of a file that takes a moment to sync: when most was lost. */
  afterComplete: boolean;
  /** Share of the files in the download folder, work dirs included, that are synced just before, in no order. */
  syncedShare: number;
}

/** Files that are added together, and the cuts until all of them are left to end. */
export interface Scenario {
  /** The data folder is on a disk of its own. */
  hasTwoDisks: boolean;
  files: PowerFile[];
  /** Added one after the other while the power is cut. */
  lateFiles: PowerFile[];
  cuts: PlannedCut[];
}

const MB = 1_000_000;
const CUTS_EACH = 4;

export interface PowerPlanOptions {
  seed: number;
  cuts: number;
  kinds: readonly Kind[];
  /** Divides sizes, for a short run. */
  smaller?: number;
}

export function makePowerPlan({ seed, cuts, kinds, smaller = 1 }: PowerPlanOptions): Scenario[] {
  const random = createRandom(seed);
  return Array.from({ length: Math.ceil(cuts / CUTS_EACH) }, (_, n) => ({
    hasTwoDisks: n % 2 === 1,
    ...makeFiles(random, n, kinds, smaller),
    cuts: Array.from({ length: Math.min(CUTS_EACH, cuts - n * CUTS_EACH) }, () => makeCut(random)),
  }));
}

/** Files that are synced several times before each cut: less than the larger of 64 MB and 10 s is fetched again. */
export function makeLongScenario(): Scenario {
  const file = (kind: Kind, bytes: number, rateMb: number): PowerFile => ({
    ...{ kind, name: `long-${kind}.bin`, seed: 900, bytes, fragments: 0 },
    bytesPerSecond: rateMb * MB,
  });
  const cut = (afterMs: number, syncedShare: number): PlannedCut => {
    return { afterMs, afterComplete: false, syncedShare };
  };
  return {
    hasTwoDisks: false,
    files: [file('one', 12 * MB, 0.45), file('several', 300 * MB, 3)],
    lateFiles: [],
    cuts: [cut(13_000, 0), cut(6_000, 0.5), cut(12_000, 0.7)],
  };
}

function makeCut(random: Random): PlannedCut {
  const afterComplete = random.chance(0.5);
  return {
    afterMs: afterComplete ? random.spread(5, 600) : random.spread(50, 5_000),
    afterComplete,
    syncedShare: random.chance(0.5) ? 0 : random.next(),
  };
}

function makeFiles(
  random: Random,
  scenario: number,
  kinds: readonly Kind[],
  smaller: number,
): Pick<Scenario, 'files' | 'lateFiles'> {
  let n = 0;
  const file = (kind: Kind, bytes: number, rateMb: number | null, fragments = 0): PowerFile => ({
    kind,
    name: `s${scenario}n${n++}.${fragments > 0 ? 'm3u8' : kind === 'yt-dlp' ? 'mp4' : 'bin'}`,
    seed: random.between(1, 8) * 100,
    // A size of its own for each: bytes that went to the wrong file cannot go unseen.
    bytes: Math.ceil(bytes / smaller) + n * 7,
    bytesPerSecond: rateMb === null ? null : rateMb * MB,
    fragments,
  });
  const files = [
    ...Array.from({ length: 12 }, () => file('small', random.spread(1_000, 2 * MB), null)),
    file('one', random.between(4, 14) * MB, 4),
    file('several', random.between(30, 60) * MB, 4),
    file('large', random.between(100, 200) * MB, null),
    file('hls', 1.5 * MB, 4, 12),
    file('sha256', random.between(5, 30) * MB, 12),
    file('yt-dlp', random.between(10, 40) * MB, 8),
    // Several times what is synced at once; one fragment takes 8 s, and the others wait for it.
    file('hls-large', 8 * MB, null, 30),
  ];
  const lateFiles = Array.from({ length: 16 }, () => file('small', random.spread(1_000, 2 * MB), null));
  return { files: files.filter(({ kind }) => kinds.includes(kind)), lateFiles };
}
