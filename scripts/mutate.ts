/**
 * `npm run mutate -- PATH… [--sample N --seed S]`: changes the sources one operator at a time, in a copy, and reports
 * which changes no test notices. A report: the exit code is 0, but 1 below `--min`, and 2 for bad arguments.
 */
import { join } from 'node:path';
import { type MutateOptions, readOptions } from './mutate/options.ts';
import { finalReport, scoreOf } from './mutate/report.ts';
import { mutate } from './mutate/run.ts';

const root = process.env['SLUICE_TEST_ROOT'] ?? join(import.meta.dirname, '..');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

let options: MutateOptions;
try {
  options = readOptions(root, process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
const judged = await mutate({ ...options, root, log: console.log });
console.log(finalReport(judged));
const args = process.argv.slice(2).join(' ');
console.log(`Again: npm run mutate -- ${args}${args.includes('--seed') ? '' : ` --seed ${options.seed}`}`);
process.exitCode = options.min !== null && scoreOf(judged) < options.min ? 1 : 0;
