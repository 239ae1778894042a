/** The `sluice` command. */
import '../bin/thread-pool.js';
import '../bin/v8-flags.js';
import { homedir } from 'node:os';
import type { Io } from './cli/command.ts';
import { onInterrupt } from './cli/interrupt.ts';
import { main } from './cli/main.ts';
import { readConfig } from './server/config.ts';

const io: Io = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  config: () => readConfig(process.env, homedir(), process.cwd()),
  onInterrupt,
};
// Who reads our output went away (`sluice get … | head`), or it cannot be written (a full disk): there is nobody left to
// work for, as when a terminal closes.
let isUnread = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isUnread) return;
    isUnread = true;
    if (code !== 'EPIPE') process.stderr.write(`sluice: the output cannot be written (${code}).\n`);
    if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(1);
  });
}
const code = await main(process.argv.slice(2), io);
// `process.exit` drops what a pipe has not taken yet: all but its first 64 kB, when the reader is slower than we are.
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(isUnread ? 1 : code);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
