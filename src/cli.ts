/** The `sluice` command. */
import '../bin/thread-pool.js';
import '../bin/v8-flags.js';
import { homedir } from 'node:os';
import type { Io } from './cli/command.ts';
import { onInterrupt } from './cli/interrupt.ts';
import { stopWithLauncher } from './cli/launcher.ts';
import { main } from './cli/main.ts';
import { readConfig } from './server/config.ts';

const io: Io = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  config: () => readConfig(process.env, homedir(), process.cwd()),
  onInterrupt,
};
stopWithLauncher();
// The reader of our output is gone (`sluice get … | head`), or the disk under it is full: stop, as when a terminal closes.
let isOutputLost = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isOutputLost) return;
    isOutputLost = true;
    if (code !== 'EPIPE') process.stderr.write(`sluice: the output cannot be written (${code}).\n`);
    if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(1);
  });
}
const code = await main(process.argv.slice(2), io);
// `process.exit` drops what is not in the pipe yet: all but the first 64 kB, when the reader is slow.
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(isOutputLost ? 1 : code);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
