/**
 * `npm run check`: types everywhere. Generates what the sources import but nobody writes (Kit's types, the text
 * functions), then asks tsc for the TypeScript and svelte-check for the components.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const steps: [name: string, ...argv: string[]][] = [
  ['svelte-kit sync', bin('svelte-kit'), 'sync'],
  [
    'paraglide compile',
    bin('paraglide-js'),
    'compile',
    '--project',
    './project.inlang',
    '--outdir',
    './src/lib/paraglide',
    '--silent',
  ],
  ['tsc', bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  // tsc has said all about the .ts files: only the components are left to ask about.
  [
    'svelte-check',
    bin('svelte-check'),
    '--tsconfig',
    './tsconfig.json',
    '--output',
    'human',
    '--fail-on-warnings',
  ],
];

let failed = false;
for (const [name, command = '', ...args] of steps) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) continue;
  console.error(`check: ${name} failed${error ? `: ${error.message}` : ''}`);
  failed = true;
}
process.exitCode = failed ? 1 : 0;
