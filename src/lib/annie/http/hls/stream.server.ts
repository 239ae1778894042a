/** Lists the qualities of an HLS stream, and downloads one of them. */
import type { LowerQuality } from '../../../protocol/download.ts';
import type { MediaPlaylist } from '../../../foreign/playlist/playlist.ts';
import type { Variant } from '../../../foreign/playlist/variants.ts';
import type { MediaStream } from '../../../protocol/media.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { titledName } from '../../../protocol/title.ts';
import type { EngineJob } from '../../engine.ts';
import type { FetchedFile } from '../../../files/fetched-file.ts';
import type { ProcessHost } from '../../../process/process-host.ts';
import { createMeter } from '../meter.ts';
import type { Probe } from '../probe.server.ts';
import { findBegunStream, recordBegunStream } from './begun-stream.server.ts';
import { FragmentFetcher } from './fragment.server.ts';
import { joinTracks } from './join.server.ts';
import { isHostFailure } from './fragment-sources.ts';
import {
  openFirst,
  type OpenVariant,
  type OtherSound,
  type PlaylistOptions,
  readPlaylist,
  type TrackSource,
} from './playlists.server.ts';
import { fetchTrack } from './track.server.ts';

export interface HlsOptions extends PlaylistOptions {
  ffmpegPath: string | null;
  processes: ProcessHost | null;
}

/** The id of the one stream of a media playlist. */
export const ONLY_STREAM = 'original';

/**
 * The streams of a manifest. The playlist of the best variant is fetched, so that live and protected streams are refused at
 * once; variants before the first whose playlist can be had are left out, whatever is wrong with them.
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
  const { variants, variables: imported } = playlist;
  const { variant: best, tracks } = await openFirst(variants, 'video', { ...options, imported }, signal);
  const [video] = tracks;
  const ext = video ? extensionFor(video.playlist, options) : 'ts';
  return variants
    .slice(variants.indexOf(best))
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
 * @param variant id from `listStreams`, and no other quality is fetched; null = the best that can be had
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
  const { workDir, signal, url } = job;
  const begun = await findBegunStream(workDir, url);
  const playlist = await readPlaylist(found, options, signal);
  const played = { seconds: 0 };
  if (playlist.kind === 'media') {
    if (variant !== null && variant !== ONLY_STREAM) throw new SluiceError('stream_not_found');
    if (playlist.live) throw new SluiceError('live_stream');
    await recordBegunStream(workDir, url, null);
    const tracks = {
      sources: [{ playlist, backups: [] }],
      rendition: variant ?? '',
      onSound: () => undefined,
    };
    return downloadTracks(job, tracks, title, options, played);
  }
  const { variants, variables: imported } = playlist;
  const all = variant === null ? variants : variants.filter((each) => hasId(each, variant));
  const saved = all.findIndex(({ id }) => id === begun?.variant);
  // One that is begun is not left for another because its server is away.
  let wanted = saved === -1 ? all : all.slice(saved, saved + 1);
  let firstFailure: unknown = null;
  for (;;) {
    let open: OpenVariant | null = null;
    try {
      open = await openFirst(wanted, 'all', { ...options, imported, isBegun: begun !== null }, signal);
      const { id } = open.variant;
      await recordBegunStream(workDir, url, id);
      const isBest = open.variant === variants[0];
      const rendition = variant ?? (isBest ? '' : id);
      const { variant: opened } = open;
      const best = variant === null ? variants[0] : opened;
      const onSound = (sound: OtherSound | null): void => {
        if (variant === null || sound !== null) job.onInfo({ lowered: loweredTo(opened, best, sound) });
      };
      return await downloadTracks(job, { sources: open.tracks, rendition, onSound }, title, options, played);
    } catch (thrown) {
      signal.throwIfAborted();
      firstFailure ??= thrown;
      wanted = open === null ? [] : all.slice(all.indexOf(open.variant) + 1);
      // What came of it is worth more than a lower quality.
      if (wanted.length === 0 || played.seconds > 0 || !isHostFailure(thrown) || thrown.transient)
        throw firstFailure;
      job.onOutput(
        `${open?.variant.quality} cannot be had (${thrown.message}). A lower quality is fetched.\n`,
      );
    }
  }
}

interface ChosenTracks {
  sources: TrackSource[];
  /** Differs for each quality, whose bytes must not be mixed; empty for the best that the manifest names. */
  rendition: string;
  /** Called when it is known which audio there is. @param sound null = what the playlist prefers, or it is not separate */
  onSound: (sound: OtherSound | null) => void;
}

/** @param played counts what is there, in s */
async function downloadTracks(
  job: EngineJob,
  { sources, rendition, onSound }: ChosenTracks,
  title: string,
  options: HlsOptions,
  played: { seconds: number },
): Promise<FetchedFile> {
  const { workDir, signal } = job;
  const playlists = sources.map(({ playlist }) => playlist);
  if (playlists.length > 1 && !canJoin(options)) throw new SluiceError('ffmpeg_missing');
  const gapSeconds = Math.max(...playlists.map((each) => each.gapSeconds));
  job.onInfo({ title, totalBytes: null, resumes: true, ...(gapSeconds > 0 ? { gapSeconds } : {}) });
  const total = playlists.reduce((sum, { fragments }) => sum + fragments.totalSeconds, 0);
  const meter = createMeter(0, performance.now());
  let receivedBytes = 0;
  const state = (): Parameters<typeof meter.sample>[0] => {
    const percent = total > 0 ? Math.min(100, (played.seconds / total) * 100) : null;
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
    // Without a fragment of one, another: as for its playlist.
    const fetchAudio = async (source: TrackSource): Promise<string> => {
      const { seconds } = played;
      try {
        return await fetch(source, 'audio');
      } catch (thrown) {
        signal.throwIfAborted();
        const isGone = isHostFailure(thrown) && !thrown.transient && played.seconds === seconds;
        const other = isGone ? await source.openOther?.().catch(() => null) : null;
        if (!other) throw thrown;
        onSound(other.instead ?? null);
        return fetchAudio(other);
      }
    };
    const fetch = ({ playlist, backups, instead }: TrackSource, name: 'video' | 'audio'): Promise<string> =>
      fetchTrack({
        ...{ workDir, backups, fetcher, signal, name, openExtra: job.openExtra },
        fragments: playlist.fragments,
        rendition: instead === undefined ? rendition : `${rendition} ${instead.name}`,
        readers: options.readers,
        onBytes(bytes) {
          receivedBytes += bytes;
          report();
        },
        onFragments(more) {
          played.seconds += more;
        },
      });
    const [video, audio] = sources;
    onSound(audio?.instead ?? null);
    if (video) tracks.push(await fetch(video, 'video'));
    if (audio) tracks.push(await fetchAudio(audio));
    job.onSample(meter.sample(state(), performance.now()));
    job.onPhase('finish');
    const joined = await joinTracks({ ...options, workDir, tracks, signal, onOutput: job.onOutput });
    return { path: joined.path, suggestedName: titledName(title, joined.ext), bytes: joined.bytes };
  } finally {
    clearInterval(timer);
  }
}

/** What is said of a quality, or of audio, that nobody chose; null = it is the best, or looks like it. */
function loweredTo(
  { quality }: Variant,
  best: Variant | undefined,
  sound: OtherSound | null,
): LowerQuality | null {
  const named = (text: string, name = ''): string => [text, name].filter((each) => each !== '').join(' · ');
  const lowered = {
    quality: named(quality, sound?.name),
    missing: named(best?.quality ?? quality, sound?.missing),
  };
  return lowered.missing === lowered.quality ? null : lowered;
}

/** Also of a row that an earlier version stored, which listed backups by themselves. */
function hasId({ id, backups = [] }: Variant, wanted: string): boolean {
  return id === wanted || backups.some((backup) => backup.id === wanted);
}
