/** The argv of lux and of its older self, annie. Flags come first: after the address everything is an address. */
import type { StreamPlan } from '../../foreign/lux/listing.ts';

/** What the file will be called in the work dir, before its extension. */
export const OUTPUT_NAME = 'media';
/** Parts fetched at a time; more is what sites block for. */
const THREADS = 4;
/** Its own 10 are a second apart: a 404 would take 9 s. */
const RETRIES = 2;

/** Before July 2021 annie drew its bar with another library, on stdout, and knew fewer flags. */
export type Generation = 'lux' | 'annie';

export function listArguments(url: string): string[] {
  return ['-j', '-retry', String(RETRIES), '--', url];
}

export function downloadArguments(url: string, plan: StreamPlan, generation: Generation): string[] {
  // With its usual chunks of 1 MiB lux fetches nothing at all of a part whose size it does not know.
  const chunks = generation === 'lux' && plan.bytes === null ? ['-cs', '0'] : [];
  return [
    ...['-f', plan.id],
    ...['-o', '.'],
    ...['-O', OUTPUT_NAME],
    ...['-n', String(THREADS)],
    ...['-retry', String(RETRIES)],
    ...chunks,
    '--',
    url,
  ];
}
