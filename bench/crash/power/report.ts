/** What the power part finds. Every list is empty when all is well. */
import type { Kind } from './plan.ts';

export interface PowerReport {
  cuts: number;
  downloads: number;
  /** `complete` without its bytes: each a line. */
  incomplete: string[];
  /** Acknowledged, and not in the list any more, or not complete at last. */
  lost: string[];
  /** Files in the download folder that nobody asked for, and work dirs that stayed. */
  leftovers: string[];
  /** `GET …/file` answered with fewer bytes than the row says. */
  served: string[];
  /** Rows that were complete before a cut and are fetched again after it. */
  takenBack: string[];
  /** More was fetched again than the larger of 64 MB and 10 s, for each cut. */
  refetched: string[];
  /** By kind: bytes of the files, and bytes that were sent beyond them. */
  bytes: Partial<Record<Kind, { whole: number; again: number; mostAgain: number }>>;
  cutsWithComplete: number;
}

export function emptyReport(): PowerReport {
  return {
    cuts: 0,
    downloads: 0,
    incomplete: [],
    lost: [],
    leftovers: [],
    served: [],
    takenBack: [],
    refetched: [],
    bytes: {},
    cutsWithComplete: 0,
  };
}
