/** A mutation run: mutants, a dry run of the tests that may reach them, a verdict on each. */
import { tmpdir } from 'node:os';
import { killAllGroups } from '../tools/test-child.ts';
import { type Covering, dryRun, instrument } from './coverage.ts';
import { ALONE, FIRST, judge, type Patience } from './judge.ts';
import { Lane } from './lane.ts';
import { findMutants, sampleOf } from './mutants.ts';
import type { MutateOptions } from './options.ts';
import { testsThatReach } from './reach.ts';
import { type Judged, progressLine } from './report.ts';

export interface RunOptions extends Omit<MutateOptions, 'min'> {
  root: string;
  log: (line: string) => void;
  /** Where the copies are made. */
  temp?: string;
  first?: Patience;
  alone?: Patience;
}

/** Nothing is written below `root`. */
export async function mutate(options: RunOptions): Promise<Judged[]> {
  const { root, files, sample, seed, tests, log, temp = tmpdir(), first = FIRST, alone = ALONE } = options;
  const mutants = await findMutants(root, files);
  const chosen = sample === null ? mutants.all : sampleOf(mutants.all, sample, seed);
  const touched = [...new Set(chosen.map(({ file }) => file))];
  const paths = testsThatReach(root, touched, tests);
  log(
    `${chosen.length} of ${mutants.all.length} mutants in ${touched.length} files; ${paths.length} test files may reach them.`,
  );
  const lanes = Array.from({ length: options.lanes }, () => new Lane(root, temp));
  const end = (): void => {
    killAllGroups();
    for (const lane of lanes) lane.close();
  };
  process.on('exit', end);
  try {
    for (const lane of lanes) instrument(lane, touched, mutants);
    const coverings: Covering[] = [];
    await share(lanes, paths, async (lane, path) => {
      const covering = await dryRun(lane, path);
      if (covering) coverings.push(covering);
      log(
        covering
          ? `• ${path} (${(covering.durationMs / 1000).toFixed(1)} s)`
          : `✘ ${path} fails as it is: left out`,
      );
    });
    for (const lane of lanes) for (const file of touched) lane.restore(file);

    const judged = new Map<string, Judged>();
    const say = (one: Judged): void => {
      judged.set(one.mutant.id, one);
      log(progressLine(one, judged.size, chosen.length));
    };
    await share(lanes, chosen, async (lane, mutant) => {
      say({ mutant, ...(await judge(lane, mutant, coverings, first)) });
    });
    const [lane] = lanes;
    for (const { mutant, verdict } of judged.values()) {
      if (verdict === 'timeout' && lane) say({ mutant, ...(await judge(lane, mutant, coverings, alone)) });
    }
    return chosen.flatMap(({ id }) => judged.get(id) ?? []);
  } finally {
    process.off('exit', end);
    end();
  }
}

/** Each lane takes the next one when it is done with the last. */
async function share<T>(lanes: Lane[], all: T[], work: (lane: Lane, one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(lane, one);
    }),
  );
}
