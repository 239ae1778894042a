/** The work for every program: one large file, many slow ones, many small ones. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchRss } from '../processes.ts';
import type { Program } from './programs.ts';

export interface Outcome {
  seconds: number;
  /** The sum over all its processes. */
  peakRssBytes: number;
}

/** Runs commands in a temporary dir. @throws Error unless they leave `files` files of `bytes` bytes */
async function inDir(files: number, bytes: number, commands: (dir: string) => string[][]): Promise<Outcome> {
  const place = mkdtempSync(join(tmpdir(), 'sluice-peers-'));
  const dir = join(place, 'files');
  mkdirSync(dir);
  try {
    const startedAt = performance.now();
    const running = commands(place).map(([program = '', ...args]) =>
      spawn(program, args, { cwd: dir, stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: place } }),
    );
    const watches = running.map((child) => watchRss(child.pid ?? 0));
    await Promise.all(running.map((child) => once(child, 'exit')));
    const seconds = (performance.now() - startedAt) / 1000;
    const peakRssBytes = watches.reduce((sum, watch) => sum + watch.stop(), 0);
    const whole = readdirSync(dir).filter((name) => statSync(join(dir, name)).size === bytes).length;
    if (whole !== files) throw new Error(`${whole} of ${files} files are whole`);
    return { seconds, peakRssBytes };
  } finally {
    rmSync(place, { recursive: true });
  }
}

export function oneLarge(program: Program, url: string, bytes: number): Promise<Outcome> {
  return inDir(1, bytes, () => [program.one(url)]);
}

export function manyAtOnce(
  program: Program,
  urls: string[],
  { bytes, atOnce }: { bytes: number; atOnce: number },
): Promise<Outcome> {
  return inDir(urls.length, bytes, (place) => {
    if (program.isSequential && atOnce === urls.length) return urls.map((url) => program.one(url));
    const list = join(place, 'list');
    writeFileSync(list, urls.join('\n'));
    return [program.many(list, urls, atOnce)];
  });
}
