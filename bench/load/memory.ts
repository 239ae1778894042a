/** Measures the memory of a server that was started with `memoryEnv`, after garbage collection. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place, TestServer } from '../../tests/support/server.ts';
import { waitFor } from '../../tests/support/wait.ts';
import type { Memory } from './collect-on-signal.ts';

const PRELOAD = join(import.meta.dirname, 'collect-on-signal.ts');

export function memoryEnv(place: Place): Record<string, string> {
  return { NODE_OPTIONS: `--expose-gc --import=${PRELOAD}`, BENCH_MEMORY: fileOf(place) };
}

/** @param round 1 for the first measurement of this server */
export function memoryOf(server: TestServer, round: number): Promise<Memory> {
  process.kill(server.pid, 'SIGUSR2');
  return waitFor(
    async () => {
      const text = await readFile(fileOf(server.place), 'utf8').catch(() => '');
      const memory = text === '' ? null : (JSON.parse(text) as Memory);
      return memory?.round === round ? memory : null;
    },
    { what: 'the server to collect its garbage' },
  );
}

function fileOf({ dir }: Place): string {
  return join(dir, 'memory.json');
}
