/** The `sluice` command. */
import { homedir } from 'node:os';
import type { Io } from './cli/command.ts';
import { onInterrupt } from './cli/interrupt.ts';
import { main } from './cli/main.ts';
import { readConfig } from './config.ts';

const io: Io = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  config: () => readConfig(process.env, homedir(), process.cwd()),
  onInterrupt,
};
// Who reads our output went away (`sluice get … | head`): there is nobody left to work for.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(1);
  });
}
process.exit(await main(process.argv.slice(2), io));
