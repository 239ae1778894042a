/** Who has to leave the rest of a disk to others, by what the lists of each owner hold on it. Pure. */
import { KEPT_FOR_OTHERS } from './limits.ts';
import { LOCAL } from './quota.ts';

/** Bytes on the disk, finished or not, by owner. */
export type HeldBytes = ReadonlyMap<string, number>;

/** Above this nobody has to leave anything to others, whatever they hold. */
export const PLENTY_BYTES: number = KEPT_FOR_OTHERS.bytes;

/**
 * Whether a visitor holds so much that what is left of the disk is for others: more than an equal share of what all visitors
 * hold. One share is that of somebody who has nothing yet, or of this machine.
 */
export function exceedsDiskShare(owner: string, freeBytes: number, held: HeldBytes): boolean {
  if (owner === LOCAL) return false;
  let total = 0;
  let owners = 1;
  for (const [other, bytes] of held) {
    if (other === LOCAL) continue;
    total += bytes;
    owners++;
  }
  const kept = Math.min(KEPT_FOR_OTHERS.bytes, (freeBytes + total) * KEPT_FOR_OTHERS.share);
  return freeBytes < kept && (held.get(owner) ?? 0) > total / owners;
}
