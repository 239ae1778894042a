/** Lists the qualities of an HLS stream, and downloads one of them. */
import type { MediaPlaylist } from '../../../foreign/playlist/playlist.ts';
import type { Variant } from '../../../foreign/playlist/variants.ts';
import type { MediaStream } from '../../../protocol/media.ts';
import { SluiceError } from '../../../protocol/error.ts';
import type { EngineJob } from '../../engine.ts';
import type { FetchedFile } from '../../../files/fetched-file.ts';
import type { ProcessHost } from '../../../process/process-host.ts';
import { createMeter } from '../meter.ts';
import type { Probe } from '../probe.server.ts';
import { hasFilm, noteFilm } from './begun-film.server.ts';
import { FragmentFetcher } from './fragment.server.ts';
import { joinTracks } from './join.server.ts';
import { openFirst, type PlaylistOptions, readPlaylist, type TrackSource } from './playlists.server.ts';
import { fetchTrack } from './track.server.ts';

export interface HlsOptions extends PlaylistOptions {
  ffmpegPath: string | null;
  processes: ProcessHost | null;
}

/** The id of the one stream of a media playlist. */
export const ONLY_STREAM = 'original';

/**
 * The streams of a manifest. The playlist of the best variant is fetched, so that live and protected streams are refused at
 * once; variants before the first whose playlist can be had are left out.
 * @throws SluiceError `invalid_manifest`, `live_stream`, `encrypted`, `too_complex`, network codes
 */
export async function listStreams(
  found: Probe,
  options: HlsOptions,
  signal: AbortSignal,
): Promise<MediaStream[]> {
  const playlist = await readPlaylist(found, options, signal);
  if (playlist.kind === 'media') {
    if (playlist.live) throw new SluiceError('live_stream');
    const ext = extensionFor(playlist, options);
    return [{ id: ONLY_STREAM, quality: 'original', bytes: null, ext, isDefault: true }];
  }
  const { variant: best, tracks } = await openFirst(playlist.variants, 'video', options, signal);
  const media = tracks.map((track) => track.playlist);
  if (media.some(({ live }) => live)) throw new SluiceError('live_stream');
  const ext = media[0] ? extensionFor(media[0], options) : 'ts';
  return playlist.variants
    .slice(playlist.variants.indexOf(best))
    .map(({ id, quality }, i) => ({ id, quality, bytes: null, ext, isDefault: i === 0 }));
}

function extensionFor({ fragmentedMp4 }: MediaPlaylist, options: HlsOptions): string {
  return fragmentedMp4 || canJoin(options) ? 'mp4' : 'ts';
}

function canJoin({ ffmpegPath, processes }: HlsOptions): boolean {
  return ffmpegPath !== null && processes !== null;
}

/**
 * @param found the fetched manifest
 * @param variant id from `listStreams`; null = the best
 * @param title what to call it, without extension
 * @throws SluiceError `stream_not_found`, `live_stream`, `encrypted`, `ffmpeg_missing` (before any byte), and all
 * that `fetchTrack` and `joinTracks` throw
 */
export async function downloadHls(
  job: EngineJob,
  found: Probe,
  variant: string | null,
  title: string,
  options: HlsOptions,
): Promise<FetchedFile> {
  const { workDir, signal } = job;
  const isBegun = await hasFilm(workDir, job.url);
  await noteFilm(workDir, job.url);
  const { sources, rendition } = await chooseTracks(found, variant, { ...options, isBegun }, signal);
  const playlists = sources.map(({ playlist }) => playlist);
  if (playlists.some(({ live }) => live)) throw new SluiceError('live_stream');
  if (playlists.length > 1 && !canJoin(options)) throw new SluiceError('ffmpeg_missing');
  const gapSeconds = Math.max(...playlists.map((each) => each.gapSeconds));
  job.onInfo({ title, totalBytes: null, ...(gapSeconds > 0 ? { gapSeconds } : {}) });
  const total = playlists.reduce((sum, { fragments }) => sum + fragments.totalSeconds, 0);
  const meter = createMeter(0, performance.now());
  let [receivedBytes, seconds] = [0, 0];
  const state = (): Parameters<typeof meter.sample>[0] => {
    const percent = total > 0 ? Math.min(100, (seconds / total) * 100) : null;
    return { receivedBytes, totalBytes: null, percent };
  };
  const report = (): void => {
    const sample = meter.update(state(), performance.now());
    if (sample) job.onSample(sample);
  };
  const timer = setInterval(report, 500);
  try {
    const fetcher = new FragmentFetcher(options.client, signal);
    const tracks: string[] = [];
    for (const [i, { playlist, backups }] of sources.entries()) {
      const { fragments } = playlist;
      const track = await fetchTrack({
        ...{ workDir, fragments, backups, rendition, fetcher, signal, openExtra: job.openExtra },
        readers: options.readers,
        name: i === 0 ? 'video' : 'audio',
        onBytes(bytes) {
          receivedBytes += bytes;
          report();
        },
        onFragments(more) {
          seconds += more;
        },
      });
      tracks.push(track);
    }
    job.onSample(meter.sample(state(), performance.now()));
    job.onPhase('finish');
    const joined = await joinTracks({ ...options, workDir, tracks, signal, onOutput: job.onOutput });
    return { path: joined.path, suggestedName: `${title}.${joined.ext}`, bytes: joined.bytes };
  } finally {
    clearInterval(timer);
  }
}

interface ChosenTracks {
  sources: TrackSource[];
  /** Differs for each quality, whose bytes must not be mixed; empty for the best that the manifest names. */
  rendition: string;
}

async function chooseTracks(
  found: Probe,
  id: string | null,
  options: HlsOptions,
  signal: AbortSignal,
): Promise<ChosenTracks> {
  const playlist = await readPlaylist(found, options, signal);
  if (playlist.kind === 'media') {
    if (id !== null && id !== ONLY_STREAM) throw new SluiceError('stream_not_found');
    return { sources: [{ playlist, backups: [] }], rendition: id ?? '' };
  }
  const { variants } = playlist;
  const wanted = id === null ? variants : variants.filter((variant) => hasId(variant, id));
  const { variant, tracks } = await openFirst(wanted, 'all', options, signal);
  return { sources: tracks, rendition: id ?? (variant === variants[0] ? '' : variant.id) };
}

/** Also of a row that an earlier version stored, which listed backups by themselves. */
function hasId({ id, backups = [] }: Variant, wanted: string): boolean {
  return id === wanted || backups.some((backup) => backup.id === wanted);
}
