/** Lists the qualities of an HLS stream, and downloads one of them. */
import type { Playlist } from '../../../foreign/playlist/playlist.ts';
import type { Readers } from '../../../foreign/port.ts';
import type { MediaStream } from '../../../protocol/media.ts';
import { SluiceError } from '../../../protocol/error.ts';
import type { EngineJob } from '../../engine.ts';
import type { FetchedFile } from '../../../files/fetched-file.ts';
import type { ProcessHost } from '../../../process/process-host.ts';
import type { HttpClient } from '../client.server.ts';
import { createMeter } from '../meter.ts';
import { type Probe, probe } from '../probe.server.ts';
import { FragmentFetcher } from './fragment.server.ts';
import { joinTracks } from './join.server.ts';
import { fetchTrack } from './track.server.ts';

type MediaPlaylist = Extract<Playlist, { kind: 'media' }>;

export interface HlsOptions {
  client: HttpClient;
  readers: Readers;
  ffmpegPath: string | null;
  processes: ProcessHost | null;
}

/** The id of the one stream of a media playlist. */
export const ONLY_STREAM = 'original';

/**
 * The streams of a manifest. The playlist of the first variant is fetched, so that live and protected streams are refused
 * at once.
 * @throws SluiceError `invalid_manifest`, `live_stream`, `encrypted`, `too_complex`, network codes
 */
export async function listStreams(
  found: Probe,
  options: HlsOptions,
  signal: AbortSignal,
): Promise<MediaStream[]> {
  const playlist = await readPlaylist(found, options, signal);
  const first = playlist.kind === 'master' ? playlist.variants[0] : undefined;
  const media =
    playlist.kind === 'media' ? playlist : await fetchMediaPlaylist(first?.url ?? '', options, signal);
  if (media.live) throw new SluiceError('live_stream');
  const ext = media.fragmentedMp4 || canJoin(options) ? 'mp4' : 'ts';
  if (playlist.kind === 'media')
    return [{ id: ONLY_STREAM, quality: 'original', bytes: null, ext, isDefault: true }];
  return playlist.variants.map(({ id, quality }, i) => ({
    id,
    quality,
    bytes: null,
    ext,
    isDefault: i === 0,
  }));
}

function canJoin({ ffmpegPath, processes }: HlsOptions): boolean {
  return ffmpegPath !== null && processes !== null;
}

async function readPlaylist(found: Probe, { readers }: HlsOptions, signal: AbortSignal): Promise<Playlist> {
  return readers.read('playlist', { chunks: found.body ?? [], url: found.url.href }, signal);
}

async function fetchMediaPlaylist(
  url: string,
  options: HlsOptions,
  signal: AbortSignal,
): Promise<MediaPlaylist> {
  const found = await probe(options.client, url, signal, 'text');
  const playlist = await readPlaylist(found, options, signal);
  if (playlist.kind === 'master')
    throw new SluiceError('invalid_manifest', 'The manifest leads to another master.');
  return playlist;
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
  const playlists = await choosePlaylists(found, variant, options, signal);
  if (playlists.some(({ live }) => live)) throw new SluiceError('live_stream');
  if (playlists.length > 1 && !canJoin(options)) throw new SluiceError('ffmpeg_missing');
  job.onInfo({ title, totalBytes: null });
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
    for (const [i, { fragments }] of playlists.entries()) {
      const track = await fetchTrack({
        ...{ workDir, fragments, fetcher, signal },
        name: i === 0 ? 'video' : 'audio',
        rendition: variant ?? '',
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

async function choosePlaylists(
  found: Probe,
  variant: string | null,
  options: HlsOptions,
  signal: AbortSignal,
): Promise<MediaPlaylist[]> {
  const playlist = await readPlaylist(found, options, signal);
  if (playlist.kind === 'media') {
    if (variant !== null && variant !== ONLY_STREAM) throw new SluiceError('stream_not_found');
    return [playlist];
  }
  const chosen = variant === null ? playlist.variants[0] : playlist.variants.find(({ id }) => id === variant);
  if (!chosen) throw new SluiceError('stream_not_found');
  const urls = chosen.audioUrl === null ? [chosen.url] : [chosen.url, chosen.audioUrl];
  return Promise.all(urls.map((url) => fetchMediaPlaylist(url, options, signal)));
}
