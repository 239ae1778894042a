import type { Fragments } from '../../../foreign/playlist/fragments.ts';
import type { Readers } from '../../../foreign/port.ts';
import type { EngineJob } from '../../engine.ts';
import type { LoadBackup } from './fragment-sources.ts';
import type { FragmentFetcher } from './fragment.server.ts';
import type { TrackSyncOptions } from './track-sync.server.ts';

export interface TrackJob {
  workDir: string;
  /** `video` or `audio`. */
  name: string;
  fragments: Fragments;
  /** The same on other hosts; absent = none. */
  backups?: readonly LoadBackup[];
  /** Id of the rendition, so that bytes of two are never mixed. */
  rendition: string;
  fetcher: FragmentFetcher;
  /** Absent = what fragments of MP4 play is not compared with the playlist. */
  readers?: Readers;
  signal: AbortSignal;
  /** As in `EngineJob`. */
  openExtra?: EngineJob['openExtra'];
  /** Negative when bytes are discarded. */
  onBytes: (bytes: number) => void;
  /** More fragments are complete, now or from an earlier attempt; their length in s. Negative when they are discarded. */
  onFragments: (seconds: number) => void;
  /** For tests. */
  sync?: Pick<TrackSyncOptions, 'syncPath' | 'now' | 'checkEveryMs'>;
}
