import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import type { DroppedReports } from './fragment-contradiction.ts';
import type { FragmentPart } from './fragment-part.server.ts';

export interface FetchEvents {
  /** Bytes of the fragment that are there, now or from an earlier attempt; negative when they are discarded. */
  onBytes: (bytes: number) => void;
  /** The file of a begun fragment has changed: it is begun anew, unless this throws. */
  onChanged: () => Promise<void>;
  /** Of a connection beyond the first: when it is aborted, or the host has too many, the fragment is left as it is. */
  extra?: AbortSignal | null;
}

export interface FetchedFragment {
  fragment: Fragment;
  signal: AbortSignal;
}

/** One call of `fetch`. */
export interface FragmentRun extends FetchedFragment {
  part: FragmentPart;
  dropped: DroppedReports;
  onBytes: (bytes: number) => void;
}
