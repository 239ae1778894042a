/** The built server on a disk of a few MB. */
import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../support/api.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { tinyDisk } from './disks.ts';

export interface OnDisk {
  place: Place;
  server: TestServer;
  api: Api;
}

/** A server whose `dir` is a mounted disk of that size. */
export async function onDisk(
  { dir, bytes, env = {} }: { dir: 'dataDir' | 'downloadDir'; bytes: number; env?: Record<string, string> },
  body: (on: OnDisk) => Promise<void>,
): Promise<void> {
  const place = makePlace();
  const release = tinyDisk(place[dir], bytes);
  try {
    const server = await startServer({ place, env });
    try {
      await body({ place, server, api: await server.session() });
    } finally {
      await server.stop();
    }
  } finally {
    release();
    place.remove();
  }
}

/** Fills a disk except for `left` bytes, fewer if a download writes meanwhile. @returns the path of the file */
export function fill(dir: string, left: number): string {
  const ballast = join(dir, 'ballast');
  const { bavail, bsize } = statfsSync(dir);
  try {
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - left, 1));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
  }
  return ballast;
}

export async function readiness({ url }: TestServer): Promise<{ status: number; reasons: string[] }> {
  const response = await fetch(`${url}/readyz`);
  const { reasons = [] } = (await response.json()) as { reasons?: string[] };
  return { status: response.status, reasons };
}
