/** The argv of lux and annie, which read the page's address from `addressFile`. */
import type { StreamPlan } from '../../foreign/lux/listing.ts';
import { ADDRESS_FILE } from '../address-file.ts';

/** Name of the file in the work dir, before its extension. */
export const OUTPUT_NAME = 'media';
/** Parts fetched at a time; sites block clients with more. */
const THREADS = 4;
/** lux's own default is 10, a second apart: a 404 would take 9 s. */
const RETRIES = 2;

/** Before July 2021 annie drew its bar with another library, on stdout, and had fewer flags. */
export type Generation = 'lux' | 'annie';

export const LIST_ARGUMENTS: readonly string[] = ['-j', '-retry', String(RETRIES), '-F', ADDRESS_FILE];

export function downloadArguments(plan: StreamPlan, generation: Generation): string[] {
  // With its default chunks of 1 MiB lux fetches nothing of a part of unknown size.
  const chunks = generation === 'lux' && plan.bytes === null ? ['-cs', '0'] : [];
  return [
    ...['-f', plan.id],
    ...['-o', '.'],
    ...['-O', OUTPUT_NAME],
    ...['-n', String(THREADS)],
    ...['-retry', String(RETRIES)],
    ...chunks,
    ...['-F', ADDRESS_FILE],
  ];
}
