/** `npm run attack` with some of its attacks, as a test: in a process of its own, as it has namespaces of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROJECT } from './server.ts';

const RUN = join(PROJECT, 'bench/attack/run.ts');
/** Of run.ts, where there can be no namespaces. */
const CANNOT_RUN = 2;

/** @param words each selects the attacks whose names include it */
export function attackTest(test: Test, ...words: string[]): void {
  test(`nothing gets through: ${words.join(', ')}`, async () => {
    const child = spawn(process.execPath, ['-C', 'development', RUN, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [status] = (await once(child, 'close')) as [number | null];
    console.log(output);
    if (status === CANNOT_RUN) return console.log(`SKIP ${words.join(', ')}: ${output.trim()}`);
    assert.is(status, 0, output.slice(-3_000));
  });
}
