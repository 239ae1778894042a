/** The argv of lux and annie. Flags come first: after an address everything is an address. */
import type { StreamPlan } from '../../foreign/lux/listing.ts';

/** Name of the file in the work dir, before its extension. */
export const OUTPUT_NAME = 'media';
/** Parts fetched at a time; sites block clients with more. */
const THREADS = 4;
/** lux's own default is 10, a second apart: a 404 would take 9 s. */
const RETRIES = 2;

/** Before July 2021 annie drew its bar with another library, on stdout, and had fewer flags. */
export type Generation = 'lux' | 'annie';

export function listArguments(url: string): string[] {
  return ['-j', '-retry', String(RETRIES), '--', url];
}

export function downloadArguments(url: string, plan: StreamPlan, generation: Generation): string[] {
  // With its default chunks of 1 MiB lux fetches nothing of a part of unknown size.
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
