import { programText } from '../../process/program-text.server.ts';

const ENTRY = ['range-check.py', 'fragment-check.py', 'entry.py']
  .map((name) => programText(name, import.meta.url))
  .join('\n');

/**
 * The argv that starts our own copy. `-I` keeps the current dir and the environment out, `-B` leaves the installation as it
 * is; `modules`: a dir to import from.
 */
export function entryCommand(python: string, modules: string | null): string[] {
  if (modules === null) return [python, '-I', '-B', '-c', ENTRY];
  return [python, '-I', '-B', '-c', `import sys; sys.path.insert(0, sys.argv.pop(1))\n${ENTRY}`, modules];
}
