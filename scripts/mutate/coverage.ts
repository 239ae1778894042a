/** A dry run of each test file: which mutants it reaches, and how long it takes. */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Lane, share } from './lane.ts';
import type { Mutants } from './mutants.ts';

export interface Covering {
  test: string;
  durationMs: number;
  ids: ReadonlySet<string>;
}

/** A hang deadline of what passes as it is, instrumented: `npm test` gives as much. */
const DEADLINE_MS = 300_000;
const COVERED = 'covered.txt';

/**
 * What the instrumented sources import: each id goes into a file when it is first reached, so that also what is
 * killed, and child processes with another environment, say so.
 */
function recorder(file: string): string {
  return `import { appendFileSync } from 'node:fs';
const seen = new Set();
export const stryMutAct_9fa48 = () => false;
export const stryCov_9fa48 = (...ids) => {
  for (const id of ids) {
    if (seen.has(id)) continue;
    seen.add(id);
    appendFileSync(${JSON.stringify(file)}, id + '\\n');
  }
};
`;
}

/** Makes a lane's sources report what is reached. */
function instrument(lane: Lane, files: string[], { instrumented }: Mutants): void {
  lane.write('recorder.mjs', recorder(join(lane.root, COVERED)));
  const url = pathToFileURL(join(lane.root, 'recorder.mjs')).href;
  for (const file of files) {
    const head = `import { stryMutAct_9fa48, stryCov_9fa48 } from '${url}';\n`;
    lane.write(file, head + (instrumented.get(file) ?? ''));
  }
}

/** Runs the test files once on instrumented sources, which are as before in the end. */
export async function findCoverings(
  lanes: Lane[],
  tests: string[],
  files: string[],
  mutants: Mutants,
  log: (line: string) => void,
): Promise<Covering[]> {
  for (const lane of lanes) instrument(lane, files, mutants);
  const coverings: Covering[] = [];
  await share(lanes, tests, async (lane, test) => {
    const covering = await dryRun(lane, test);
    if (covering) coverings.push(covering);
    log(
      covering
        ? `• ${test} (${(covering.durationMs / 1000).toFixed(1)} s)`
        : `✘ ${test} fails as it is: it judges nothing`,
    );
  });
  for (const lane of lanes) for (const file of files) lane.restore(file);
  return coverings;
}

/** null = the file fails although nothing is changed: it can judge no mutant. */
async function dryRun(lane: Lane, test: string): Promise<Covering | null> {
  // For everybody: some tests start programs as an ordinary user.
  rmSync(join(lane.root, COVERED), { force: true });
  lane.write(COVERED, '');
  chmodSync(join(lane.root, COVERED), 0o666);
  const { failed, durationMs } = await lane.run(test, DEADLINE_MS);
  if (failed > 0) return null;
  const text = readFileSync(join(lane.root, COVERED), 'utf8');
  return { test, durationMs, ids: new Set(text.split('\n').filter((id) => id !== '')) };
}
