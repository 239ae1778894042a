/** A dry run of each test file: which mutants it covers, and how long it takes. */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ProjectCopy, distribute } from './project-copy.ts';
import type { Mutants } from './mutants.ts';

export interface Covering {
  test: string;
  durationMs: number;
  ids: ReadonlySet<string>;
}

/** The hang deadline of a dry run: the same as for `npm test`. */
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

/** Makes a copy's sources record which mutants are covered. */
function instrument(copy: ProjectCopy, files: string[], { instrumented }: Mutants): void {
  copy.write('recorder.mjs', recorder(join(copy.root, COVERED)));
  const url = pathToFileURL(join(copy.root, 'recorder.mjs')).href;
  for (const file of files) {
    const head = `import { stryMutAct_9fa48, stryCov_9fa48 } from '${url}';\n`;
    copy.write(file, head + (instrumented.get(file) ?? ''));
  }
}

/** Runs the test files once on instrumented sources, and restores them. */
export async function findCoverings(
  copies: ProjectCopy[],
  tests: string[],
  files: string[],
  mutants: Mutants,
  log: (line: string) => void,
): Promise<Covering[]> {
  for (const copy of copies) instrument(copy, files, mutants);
  const coverings: Covering[] = [];
  await distribute(copies, tests, async (copy, test) => {
    const covering = await dryRun(copy, test);
    if (covering) coverings.push(covering);
    log(
      covering
        ? `• ${test} (${(covering.durationMs / 1000).toFixed(1)} s)`
        : `✘ ${test} fails as it is: it judges nothing`,
    );
  });
  for (const copy of copies) for (const file of files) copy.restore(file);
  return coverings;
}

/** null = the file fails without a mutation, so it cannot be used. */
async function dryRun(copy: ProjectCopy, test: string): Promise<Covering | null> {
  // World-writable: some tests start programs as an ordinary user.
  rmSync(join(copy.root, COVERED), { force: true });
  copy.write(COVERED, '');
  chmodSync(join(copy.root, COVERED), 0o666);
  const { failed, durationMs } = await copy.run(test, DEADLINE_MS);
  if (failed > 0) return null;
  const text = readFileSync(join(copy.root, COVERED), 'utf8');
  return { test, durationMs, ids: new Set(text.split('\n').filter((id) => id !== '')) };
}
