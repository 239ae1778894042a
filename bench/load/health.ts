/**
 * A child process that requests /healthz every 10 ms; the longest response time bounds how long the server's event
 * loop was blocked. When the server is gone, or on a message to stop, it sends the figures.
 */
import { HttpConnection } from './http-connection.ts';

const EVERY_MS = 10;

export interface HealthSeen {
  asked: number;
  /** Answers that were not 200. */
  unhealthy: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const connection = await HttpConnection.open(process.argv[2] ?? '');
const latenciesMs: number[] = [];
let unhealthy = 0;
let stopped = false;

process.once('message', () => (stopped = true));
process.on('disconnect', () => process.exit());
process.send?.('asking');
while (!stopped) {
  const at = performance.now();
  const answer = await connection.ask('GET', '/healthz', null).catch(() => null);
  if (answer === null) break;
  const { status } = answer;
  const tookMs = performance.now() - at;
  latenciesMs.push(tookMs);
  if (status !== 200) unhealthy++;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, EVERY_MS - tookMs)));
}
connection.close();
const sorted = latenciesMs.toSorted((a, b) => a - b);
const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
const seen: HealthSeen = { asked: sorted.length, unhealthy, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
process.send?.(seen);
