/** Which test files can reach a source: by imports, and by the names of programs that they start. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { findTestFiles, needsBuild, refusal } from '../tools/test-files.ts';

const NAMED = /(['"`])((?:[#$]lib\/|\.{0,2}\/)?[\w./-]+\.[jt]s)\1/g;
/** The launcher of the built command, and what it runs in the project copies. */
const LAUNCHER = 'bin/sluice.js';
const COMMAND = 'src/cli.ts';

/** `unit`: runs in one process. `command`: starts the server or the command, which takes seconds. */
export type TestKind = 'unit' | 'command';

/**
 * The test files that import `files`, without those for browsers, crashes and workerd: they need a build, or minutes.
 * @param parts of paths; empty = every test file
 */
export function testsThatReach(root: string, files: string[], parts: string[], kind: TestKind): string[] {
  const sources = new Set(files);
  const isReached = reachOf(root, (file) => sources.has(file));
  return findTestFiles(root, parts)
    .filter((file) => {
      const text = readFileSync(join(root, file.path), 'utf8');
      const isOfKind = needsBuild(file, text) === (kind === 'command');
      const isLeftOut = file.kind !== 'unit' || /workerd/.test(file.path) || refusal(text) !== null;
      return isOfKind && !isLeftOut && isReached(file.path);
    })
    .map(({ path }) => path);
}

function reachOf(root: string, isWanted: (file: string) => boolean): (from: string) => boolean {
  const named = new Map<string, string[]>();
  const namesIn = (file: string): string[] => {
    const known = named.get(file) ?? readNames(root, file);
    named.set(file, known);
    return known;
  };
  return (from) => {
    const seen = new Set([from]);
    for (const file of seen) {
      if (isWanted(file)) return true;
      for (const name of namesIn(file)) seen.add(name);
    }
    return false;
  };
}

/** The paths named in a file; none if it does not exist. */
function readNames(root: string, file: string): string[] {
  if (file === LAUNCHER) return [COMMAND];
  let text: string;
  try {
    text = readFileSync(join(root, file), 'utf8');
  } catch {
    return [];
  }
  return [...text.matchAll(NAMED)].flatMap(([, , name = '']) => {
    if (/^[#$]lib\//.test(name)) return [`src/${name.slice(1)}`];
    return [name, join(dirname(file), name)].map((path) => normalize(path).replaceAll('\\', '/'));
  });
}
