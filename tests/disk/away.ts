/** A server whose download folder a test takes away, and files that take a few seconds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import type { Site } from '../site/site.ts';
import type { Api } from '../support/api.ts';
import { sha256File } from '../support/media-hash.ts';
import type { Place } from '../support/server.ts';

export const MIB = 1024 * 1024;
export const HTTP = { SLUICE_ENGINES: 'http' };

export function address(site: Site, name: string, seed: number, rate = 2 * MIB): string {
  return `${site.url}/file/${name}.bin?size=${8 * MIB}&seed=${seed}&rate=${rate}`;
}

export function markIn(dir: string): string {
  return join(dir, '.sluice/root.json');
}

export function rootIn(dir: string): string {
  return (JSON.parse(readFileSync(markIn(dir), 'utf8')) as { root: string }).root;
}

/** Waits for an `address` to be complete, and hashes its file. */
export async function assertComplete(place: Place, api: Api, id: string, seed: number): Promise<void> {
  const row = await api.waitFor(id, 'complete');
  assert.is(row.error, null);
  assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(seed, 8 * MIB));
}
