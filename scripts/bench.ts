/**
 * `npm run bench [-- NAME] [--json]`: all benches, or the one of that name with the words after it. A bench is
 * bench/NAME/run.ts; it prints its result and writes it to bench/results/NAME.json.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', 'bench');
const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'run.ts')));
const words = process.argv.slice(2);
const name = words.find((word) => !word.startsWith('--'));

if (name !== undefined && !names.includes(name)) {
  console.error(`There is no bench "${name}". There are: ${names.join(', ')}.`);
  process.exit(2);
}
for (const bench of name === undefined ? names : [name]) {
  if (!words.includes('--json')) console.log(`\n${bench}`);
  // A process for each bench, so that none inherits compiled code of another.
  const { status } = spawnSync(
    process.execPath,
    [join(root, bench, 'run.ts'), ...words.filter((word) => word !== name)],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = 1;
}
