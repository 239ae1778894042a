/** Fetches the media playlists of an HLS stream: of the variant that is chosen, from whichever host has it. */
import type { MediaPlaylist, Playlist } from '../../../foreign/playlist/playlist.ts';
import type { Variant } from '../../../foreign/playlist/variants.ts';
import type { Readers } from '../../../foreign/port.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { affectsAllHosts } from '../../../protocol/unreachable.ts';
import type { HttpClient } from '../client/client.server.ts';
import { type Probe, probe } from '../probe.server.ts';
import { refusePage } from '../failure/portal.ts';
import { isHostFailure, type LoadBackup } from './fragment-sources.ts';

export interface PlaylistOptions {
  client: HttpClient;
  readers: Readers;
  /** Bytes of the stream are on the disk. */
  isBegun?: boolean;
  /** Of the master playlist. */
  imported?: ReadonlyMap<string, string> | undefined;
}

/** One media playlist, and how to get the same from other hosts. */
export interface TrackSource {
  playlist: MediaPlaylist;
  backups: readonly LoadBackup[];
  /** Of audio that is not what the playlist prefers; absent = it is. */
  instead?: OtherSound;
  /** Opens the next audio of the stream, as of another language; null = there is none. Absent = as null. */
  openOther?: () => Promise<TrackSource | null>;
}

export interface OtherSound {
  name: string;
  /** What the playlist prefers. */
  missing: string;
}

/** A variant whose playlists could be had: its video, and its audio if that is separate. */
export interface OpenVariant {
  variant: Variant;
  tracks: TrackSource[];
}

/** Each is a request. */
const MAX_DEAD_VARIANTS = 10;

export function readPlaylist(
  found: Probe,
  { readers, imported }: PlaylistOptions,
  signal: AbortSignal,
): Promise<Playlist> {
  const input = { chunks: found.body ?? [], url: found.url.href, ...(imported ? { imported } : {}) };
  return readers.read('playlist', input, signal);
}

/** The playlist of an address, and of a master that it leads to: what it would be alone. */
async function fetchPlaylist(url: string, options: PlaylistOptions, signal: AbortSignal): Promise<Playlist> {
  const found = await probe(options.client, url, signal, 'text');
  if (options.isBegun === true && found.kind.kind === 'page') refusePage(url, found.url);
  const playlist = await readPlaylist(found, options, signal);
  if (playlist.kind === 'media' && playlist.live) throw new SluiceError('live_stream');
  return playlist;
}

async function fetchMediaPlaylist(
  url: string,
  options: PlaylistOptions,
  signal: AbortSignal,
): Promise<MediaPlaylist> {
  const playlist = await fetchPlaylist(url, options, signal);
  if (playlist.kind === 'master')
    throw new SluiceError('invalid_manifest', 'The manifest leads to another master.');
  return playlist;
}

/**
 * The first variant whose playlists can be had. Of those before it, what may have failed for a moment is tried once more.
 * @param want `video`: without separate audio
 * @param isNested of a master that another leads to, as CDNs in front of others make them: one level is followed
 * @throws the failure of the first variant
 */
export async function openFirst(
  variants: readonly Variant[],
  want: 'all' | 'video',
  options: PlaylistOptions,
  signal: AbortSignal,
  isNested = false,
): Promise<OpenVariant> {
  const failures: SluiceError[] = [];
  const again: Variant[] = [];
  const open = async (variant: Variant): Promise<OpenVariant | null> => {
    try {
      return { variant, tracks: await openTracks(variant, { want, isNested }, options, signal) };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isHostFailure(thrown) || affectsAllHosts(thrown)) throw thrown;
      failures.push(thrown);
      return null;
    }
  };
  for (const variant of variants.slice(0, MAX_DEAD_VARIANTS)) {
    const found = await open(variant);
    if (found === null) {
      if (failures.at(-1)?.transient === true) again.push(variant);
      continue;
    }
    for (const better of again) {
      const late = await open(better);
      if (late !== null) return late;
    }
    return found;
  }
  throw failures[0] ?? new SluiceError('stream_not_found');
}

async function openTracks(
  variant: Variant,
  { want, isNested }: { want: 'all' | 'video'; isNested: boolean },
  options: PlaylistOptions,
  signal: AbortSignal,
): Promise<TrackSource[]> {
  const places = [variant, ...(variant.backups ?? [])];
  const videoUrls = places.map(({ url }) => url);
  const hasAudio = want === 'all' && variant.audioUrl !== null;
  // The audio that a nested master names is wanted if this one names none.
  const nested = isNested ? null : hasAudio ? 'video' : want;
  const video = openTrack([...new Set(videoUrls)], nested, options, signal);
  if (!hasAudio) return video;
  const tracks = await Promise.all([video, openAudio(variant, isNested ? null : 'video', options, signal)]);
  return tracks.flat();
}

/** Of the preferred audio, else of another of its group, so that none is silent because that is gone. */
async function openAudio(
  variant: Variant,
  nested: 'video' | null,
  options: PlaylistOptions,
  signal: AbortSignal,
): Promise<TrackSource[]> {
  const { backups = [], otherAudio = [], audioName: missing = '' } = variant;
  const urls = [variant, ...backups].flatMap(({ audioUrl }) => (audioUrl === null ? [] : [audioUrl]));
  const others = [...otherAudio];
  const openOther = async (failure: unknown = null): Promise<TrackSource | null> => {
    let firstFailure = failure;
    for (let next = others.shift(); next !== undefined; next = others.shift()) {
      const { name } = next;
      const opened = await openTrack([next.url], nested, options, signal).catch((thrown: unknown) => {
        signal.throwIfAborted();
        if (!isHostFailure(thrown)) throw thrown;
        firstFailure ??= thrown;
        return [];
      });
      const [source] = opened;
      if (source) return { ...source, instead: { name, missing }, openOther };
    }
    if (firstFailure !== null) throw firstFailure as Error;
    return null;
  };
  for (let tries = 2; ; tries--) {
    try {
      const [first, ...rest] = await openTrack([...new Set(urls)], nested, options, signal);
      return first === undefined ? rest : [{ ...first, openOther }, ...rest];
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isHostFailure(thrown) || others.length === 0) throw thrown;
      if (thrown.transient && tries > 1) continue;
      // Its bytes are not left because its server is away.
      if (thrown.transient && options.isBegun === true) throw thrown;
      const other = await openOther(thrown);
      return other === null ? [] : [other];
    }
  }
}

/**
 * @param nested what to take of a master in place of the track; null = it is none
 * @throws the failure of the first address
 */
async function openTrack(
  urls: readonly string[],
  nested: 'all' | 'video' | null,
  options: PlaylistOptions,
  signal: AbortSignal,
): Promise<TrackSource[]> {
  let firstFailure: unknown = null;
  for (const [index, url] of urls.entries()) {
    try {
      const playlist = await fetchPlaylist(url, options, signal);
      if (playlist.kind === 'master') {
        if (nested === null)
          throw new SluiceError('invalid_manifest', 'The manifest leads to a master of masters.');
        const inner = { ...options, imported: playlist.variables };
        return (await openFirst(playlist.variants, nested, inner, signal, true)).tracks;
      }
      const others = [...urls.slice(index + 1), ...urls.slice(0, index)];
      const backups = others.map((other): LoadBackup => async () => {
        return (await fetchMediaPlaylist(other, options, signal)).fragments;
      });
      return [{ playlist, backups }];
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isHostFailure(thrown)) throw thrown;
      firstFailure ??= thrown;
    }
  }
  throw firstFailure;
}
