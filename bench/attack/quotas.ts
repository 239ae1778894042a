/** One visitor, and a crowd, that use as much as they can get: the tests of `tests/edge`, which have a network of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Report } from './report.ts';
import type { Scene } from './scene.ts';

const FILE = join(import.meta.dirname, '../../tests/edge/strangers.test.ts');

export async function attackQuotas({ scale }: Scene, report: Report): Promise<void> {
  // They are in `npm test` themselves.
  if (scale === 'slice') return void report.notes.push('see tests/edge/strangers.test.ts');
  const { SLUICE_TEST_OWN_NETWORK: _, ...env } = process.env;
  const child = spawn(process.execPath, ['-C', 'development', FILE], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(child, 'close');
  const [, total = '0'] = /Total:\s+(\d+)/.exec(out) ?? [];
  const [, passed = '0'] = /Passed:\s+(\d+)/.exec(out) ?? [];
  report.tried = Number(total);
  if (Number(passed) < Number(total) || Number(total) === 0) report.through.push(out.slice(-3_000));
}
