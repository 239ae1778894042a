/** That a server has lived through something: it answers, nothing broke inside, and its memory is bounded. */
import { readdirSync, readlinkSync } from 'node:fs';
import type { TestServer } from '../../../tests/support/server.ts';
import type { Report } from '../report.ts';
import { descriptors, residentBytes } from '../scene.ts';
import { waitFor } from '../../../tests/support/wait.ts';

/** More than before: caches, what V8 does not give back, and rows that were added. */
const MORE_BYTES = 300 * 1024 ** 2;
const MORE_DESCRIPTORS = 20;

function kindsOfOpen(pid: number): string {
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+/g, 'N');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${kind} × ${count}`).join(', ');
}

/** @returns to be called afterwards */
export function watchServer(server: TestServer, report: Report): () => Promise<void> {
  const before = { bytes: residentBytes(server.pid), open: descriptors(server.pid) };
  return async () => {
    const health = await fetch(`${server.url}/healthz`).then(
      ({ status }) => status,
      (error: unknown) => String(error),
    );
    if (health !== 200)
      return void report.through.push(`the server is gone: ${health}\n${server.log.slice(-2_000)}`);
    await waitFor(() => descriptors(server.pid) <= before.open + MORE_DESCRIPTORS, {
      what: 'descriptors to be closed',
    }).catch(() =>
      report.through.push(
        `${descriptors(server.pid)} descriptors are open, before ${before.open}: ${kindsOfOpen(server.pid)}`,
      ),
    );
    const bytes = residentBytes(server.pid);
    const mb = (of: number): string => (of / 1024 ** 2).toFixed(0);
    if (bytes > before.bytes + MORE_BYTES)
      report.through.push(`memory went from ${mb(before.bytes)} to ${mb(bytes)} MiB`);
    const broken = /.*(internal_error|uncaught|unhandled).*/i.exec(server.log);
    if (broken) report.through.push(`in the log: ${broken[0].slice(0, 1_000)}`);
    report.notes.push(
      `memory ${mb(before.bytes)} → ${mb(bytes)} MiB, descriptors ${before.open} → ${descriptors(server.pid)}`,
    );
  };
}
