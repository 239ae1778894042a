/** From yt-dlp's formats, often dozens, to the few streams a person would choose among. */
import type { MediaItem, MediaStream } from '../../protocol/media.ts';
import { MAX_EXT_CHARS, MAX_FORMAT_ID_CHARS, MAX_QUALITY_CHARS, MAX_STREAMS } from '../limits.ts';
import type { Format } from './info.ts';

export interface Offer {
  type: MediaItem['type'];
  streams: MediaStream[];
}

type Kind = 'both' | 'video' | 'audio' | 'unknown' | 'image';

const AUDIO_EXT = new Set([
  'm4a',
  'mp3',
  'opus',
  'ogg',
  'oga',
  'aac',
  'flac',
  'wav',
  'weba',
  'mka',
  'wma',
  'aiff',
]);
const IMAGE_EXT = new Set(['jpg', 'jpeg', 'png', 'gif', 'webp', 'avif', 'bmp', 'mhtml', 'svg']);
const VIDEO_EXT = new Set([
  'mp4',
  'webm',
  'mkv',
  'flv',
  'mov',
  'avi',
  'ts',
  'm4v',
  '3gp',
  'ogv',
  'wmv',
  'mpg',
  'f4v',
]);

/**
 * One stream a height (the best, with the sound that fits its container), then sound alone. Formats come sorted,
 * the best last, so "best" is yt-dlp's own judgement. Protected ones and storyboards are left out.
 * `canJoin`: with ffmpeg the default is the best there is, without it the best that needs no joining.
 */
export function offerOf(formats: Format[], canJoin: boolean): Offer {
  const usable = formats.filter(({ format_id, has_drm, ext }) => {
    const isTakable = format_id !== '' && format_id.length <= MAX_FORMAT_ID_CHARS;
    return isTakable && has_drm !== true && ext !== 'mhtml';
  });
  const sounds = usable.filter((format) => kindOf(format) === 'audio');
  const soundFor = bestSounds(sounds);
  const pictures = usable.filter((format) => !['audio', 'image'].includes(kindOf(format)));
  const byHeight = new Map<string, MediaStream>();
  for (const format of pictures) {
    const stream =
      kindOf(format) === 'video' ? joined(format, soundFor(format.ext)) : alone(format, qualityOf(format));
    const worse = byHeight.get(stream.quality);
    // Later is better, unless it cannot be had.
    if (worse && !canJoin && stream.id.includes('+') && !worse.id.includes('+')) continue;
    byHeight.delete(stream.quality);
    byHeight.set(stream.quality, stream);
  }
  const videos = [...byHeight.values()].reverse();
  const songs = bestByExt(sounds).map((format) => alone(format, soundQualityOf(format)));
  const images = usable
    .filter((format) => kindOf(format) === 'image')
    .map((format) => alone(format, 'original'));
  const pictured = videos.length + songs.length === 0 ? images.reverse() : [];
  const streams = [...videos, ...songs, ...pictured].slice(0, MAX_STREAMS);
  const best = streams.find(({ id }) => canJoin || !id.includes('+')) ?? streams[0];
  return {
    type:
      videos.length > 0
        ? typeOf(pictures)
        : songs.length > 0
          ? 'audio'
          : images.length > 0
            ? 'image'
            : 'file',
    streams: streams.map((stream) => ({ ...stream, isDefault: stream === best })),
  };
}

function kindOf({ vcodec, acodec, ext, video_ext, audio_ext, height }: Format): Kind {
  if (IMAGE_EXT.has(ext)) return 'image';
  const hasVideo = vcodec === null ? null : vcodec !== 'none';
  const hasAudio = acodec === null ? null : acodec !== 'none';
  if (hasVideo === false && hasAudio !== false) return 'audio';
  if (hasAudio === false && hasVideo !== false) return 'video';
  if (hasVideo === true && hasAudio === true) return 'both';
  if (AUDIO_EXT.has(ext) || (audio_ext !== null && audio_ext !== 'none' && video_ext === 'none'))
    return 'audio';
  return height !== null ? 'both' : 'unknown';
}

function typeOf(pictures: Format[]): MediaItem['type'] {
  return pictures.some((format) => kindOf(format) !== 'unknown' || VIDEO_EXT.has(format.ext))
    ? 'video'
    : 'file';
}

function alone(format: Format, quality: string): MediaStream {
  const ext = format.ext.slice(0, MAX_EXT_CHARS);
  return { id: format.format_id, quality, bytes: format.filesize, ext, isDefault: false };
}

function joined(video: Format, sound: Format | undefined): MediaStream {
  if (!sound) return alone(video, qualityOf(video));
  return {
    id: `${video.format_id}+${sound.format_id}`,
    quality: qualityOf(video),
    bytes: video.filesize === null || sound.filesize === null ? null : video.filesize + sound.filesize,
    // What yt-dlp's Merger picks: the common container, else Matroska, which holds anything.
    ext: familyOf(video.ext)?.has(sound.ext) ? video.ext : 'mkv',
    isDefault: false,
  };
}

/** The extensions that one container holds together. */
const FAMILIES = [new Set(['mp4', 'm4a', 'm4v', 'mov', 'mp3', '3gp']), new Set(['webm', 'weba', 'opus'])];

function familyOf(ext: string): Set<string> | undefined {
  return FAMILIES.find((family) => family.has(ext));
}

/** For a picture's extension the best sound of its family, else the best there is. */
function bestSounds(sounds: Format[]): (ext: string) => Format | undefined {
  const best = new Map(
    FAMILIES.map((family) => [family, sounds.findLast(({ ext }) => family.has(ext))] as const),
  );
  return (ext) => {
    const family = familyOf(ext);
    return (family && best.get(family)) ?? sounds.at(-1);
  };
}

/** `1080p`, `1080p60`, `1080p60 HDR`; the site's own word or `original` where the height is not known. */
function qualityOf({ height, width, fps, dynamic_range, format_note, tbr }: Format): string {
  // An upright film's height is its longer side; people call it by the shorter.
  const lines = height !== null && width !== null ? Math.min(height, width) : height;
  if (lines === null || lines === 0) {
    if (tbr !== null && tbr > 0) return `${Math.round(tbr)} kbit/s`;
    return format_note?.trim().slice(0, MAX_QUALITY_CHARS) || 'original';
  }
  const rate = fps !== null && fps > 30 ? Math.round(fps) : '';
  const range =
    dynamic_range !== null && dynamic_range !== 'SDR' ? ` ${dynamic_range.slice(0, MAX_QUALITY_CHARS)}` : '';
  return `${lines}p${rate}${range}`;
}

function soundQualityOf({ abr, tbr }: Format): string {
  const kilobits = abr !== null && abr > 0 ? abr : tbr;
  return kilobits !== null && kilobits > 0 ? `${Math.round(kilobits)} kbit/s` : 'audio only';
}

function bestByExt(sounds: Format[]): Format[] {
  const best = new Map<string, Format>();
  for (const sound of sounds) {
    best.delete(sound.ext);
    best.set(sound.ext, sound);
  }
  return [...best.values()].reverse();
}
