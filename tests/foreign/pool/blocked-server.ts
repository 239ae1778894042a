/** A process with a pool whose reader does for ever what the argument says. Prints a line when it has a reader that can read. */
import { join } from 'node:path';
import { ReaderPool } from '#lib/foreign/pool/reader-pool.server.ts';

const pool = new ReaderPool({
  program: join(import.meta.dirname, 'crashing-reader.ts'),
  smallCpuMs: 60_000,
  cpuMs: 60_000,
});
const read = (url: string): Promise<unknown> =>
  pool.read('page', { chunks: [], url }, new AbortController().signal);
console.log('reader', await read('pid'));
await read(process.argv[2] ?? '');
