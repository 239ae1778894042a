/**
 * `npm run check`: types everywhere. Generates what the sources import but nobody writes (Kit's types, the text
 * functions), then asks tsc for the TypeScript and svelte-check for the components.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compile } from '@inlang/paraglide-js';
import { TEXTS } from './tools/texts.ts';

const root = join(import.meta.dirname, '..');

let failed = false;
function run(name: string, ...args: string[]): void {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin', name), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status === 0) return;
  console.error(`check: ${name} failed${error ? `: ${error.message}` : ''}`);
  failed = true;
}

process.chdir(root);
await compile(TEXTS);
run('svelte-kit', 'sync');
run('tsc', '--noEmit', '-p', 'tsconfig.json');
run('svelte-check', '--tsconfig', './tsconfig.json', '--output', 'human', '--fail-on-warnings');
process.exitCode = failed ? 1 : 0;
