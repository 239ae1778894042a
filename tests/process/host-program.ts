/**
 * A small server for the tests to kill: runs every command line of its argv (JSON arrays) through a process
 * host of its own and prints `running` once all have printed something.
 */
import { createProcessHost } from '#lib/process/process-host.server.ts';

const [runDir = '', ...lines] = process.argv.slice(2);
const host = await createProcessHost({ runDir });
let silent = lines.length;
for (const line of lines) {
  let first = true;
  void host.run({
    argv: JSON.parse(line) as string[],
    cwd: runDir,
    env: { PATH: process.env['PATH'] ?? '' },
    signal: new AbortController().signal,
    onChunk: () => {
      if (!first) return;
      first = false;
      if (--silent === 0) process.stdout.write(`running ${host.serverId}\n`);
    },
  });
}
