import { readFileSync } from 'node:fs';

/**
 * The text of a program in sh or Python, to be passed to its interpreter by `-c`: without comments, as ps and traces
 * show argv. Beside the module in the sources, in `programs/` in the build (`scripts/build.ts`).
 * @param moduleUrl `import.meta.url` of the module beside it
 */
export function programText(name: string, moduleUrl: string): string {
  const path = moduleUrl.endsWith('.ts') ? name : `programs/${name}`;
  return readFileSync(new URL(path, moduleUrl), 'utf8').replace(/^ *#.*\n/gm, '');
}
