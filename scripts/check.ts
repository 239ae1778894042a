/**
 * `npm run check`: type checks. Generates the required files first, then runs tsc for TypeScript and
 * svelte-check for the components.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import './generate.ts';

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

run('tsc', '--noEmit', '-p', 'tsconfig.json');
run('svelte-check', '--tsconfig', './tsconfig.json', '--output', 'human', '--fail-on-warnings');
process.exitCode = failed ? 1 : 0;
