/**
 * What earlier responses have reported of a file, and what the response of a whole file may be by that: one set of rules for
 * files and fragments. Pure.
 */
import { contradiction } from '../../contradiction.ts';
import { relationOf, sharesSize, type Validators } from './head.ts';

/** What responses have reported of a file. */
export interface SeenFile {
  validators: Validators;
  /** Null = unknown. */
  totalBytes: number | null;
}

/** A body of this size is a part of this version, even if its head looks like that of the whole file. */
export interface PartialSize {
  validators: Validators;
  bytes: number;
}

export interface ReportedSizes {
  /** The version whose bytes are on the disk first. */
  versions: readonly SeenFile[];
  partialSizes: readonly PartialSize[];
}

/** Where the body of a whole file has to end. */
export interface WholeSize {
  /** Null = anywhere, but not after one of `partialBytes`. */
  totalBytes: number | null;
  partialBytes: readonly number[];
}

/**
 * For a response to a request without a range. There is nothing left to try: it fits or the download fails. Another size
 * than the known one is accepted if no validator says that the version is the same: servers without validators have
 * changed files too.
 * @param bytes announced; null = not
 * @throws SluiceError `remote_contradiction`
 */
export function wholeSize(bytes: number | null, validators: Validators, reported: ReportedSizes): WholeSize {
  const same = sizeOfSame(validators, reported);
  if (same !== null) {
    if (bytes !== null && bytes !== same) throw contradiction(bytes, same);
    return { totalBytes: same, partialBytes: [] };
  }
  const partialBytes = partialSizesOf(validators, reported);
  // Without a length, nothing else could show that the body is only a part.
  const totalBytes = bytes ?? expectedSize(validators, reported);
  if (totalBytes !== null && partialBytes.includes(totalBytes)) throw contradiction(totalBytes, null);
  return { totalBytes, partialBytes };
}

/** Sizes of parts of this version, and of versions that may be the same. */
export function partialSizesOf(validators: Validators, { partialSizes }: ReportedSizes): number[] {
  return partialSizes
    .filter((part) => relationOf(part.validators, validators) !== 'other')
    .map((part) => part.bytes);
}

/** The size of this version, else the last one of a version that may be the same; null = none was reported. */
export function expectedSize(validators: Validators, reported: ReportedSizes): number | null {
  const compatible = reported.versions.filter(
    (version) => version.totalBytes !== null && relationOf(version.validators, validators) !== 'other',
  );
  return sizeOfSame(validators, reported) ?? compatible.at(-1)?.totalBytes ?? null;
}

/** The size that was reported for this version; null = none was. */
function sizeOfSame(validators: Validators, { versions }: ReportedSizes): number | null {
  for (const version of versions) {
    if (version.totalBytes !== null && sharesSize(version.validators, validators)) return version.totalBytes;
  }
  return null;
}
