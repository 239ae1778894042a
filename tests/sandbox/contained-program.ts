/**
 * A small server: runs the hostile engine once in a sandbox of its own, and prints its output, then how it ended.
 * argv: the run dir, the prey's file, the level: `partial`, or what this machine allows.
 */
import { createGuard } from '#lib/guard/guard.server.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { partial, sandbox as best } from '../support/sandbox.ts';
import { HOSTILE, PYTHON } from './hostile-engine.ts';

const [runDir = '', file = '', level] = process.argv.slice(2);
const sandbox = level === 'partial' ? partial : best;
const host = await createProcessHost({ runDir, sandbox });
const proxy = await startProxy({ guard: createGuard(), listens: sandbox.level !== 'full' });
process.stdout.write(`level ${sandbox.level}\n`);
try {
  const { exitCode, signal } = await host.run({
    argv: [PYTHON, '-I', HOSTILE, file],
    cwd: null,
    env: { PATH: '/usr/bin:/bin' },
    reads: [HOSTILE, file],
    outlet: proxy.outletFor('hostile'),
    signal: new AbortController().signal,
    onChunk: (_, chunk) => process.stdout.write(chunk),
  });
  process.stdout.write(`ended ${exitCode ?? signal}\n`);
} finally {
  await host.close();
  await proxy.close();
}
