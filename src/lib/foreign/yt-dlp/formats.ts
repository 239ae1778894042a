/** Reduces yt-dlp's formats, often dozens, to the few streams that a person would choose among. */
import type { MediaItem, MediaStream } from '../../protocol/media.ts';
import { codecName, distinctQualities } from '../distinct-qualities.ts';
import { MAX_EXT_CHARS, MAX_FORMAT_ID_CHARS, MAX_QUALITY_CHARS, MAX_STREAMS } from '../limits.ts';
import type { Format } from './info.ts';

interface StreamChoice {
  type: MediaItem['type'];
  streams: MediaStream[];
}

interface VideoChoice {
  stream: MediaStream;
  isH264: boolean;
  /** Null = there is only one. */
  language: string | null;
  traits: (string | null)[];
}

/** More would hide the qualities. */
const MAX_LANGUAGES = 12;

/** The best first; none if there is only one. */
function languagesOf(formats: Format[]): string[] {
  const found = formats.flatMap(({ language }) => (language === null ? [] : [language])).reverse();
  const languages = [...new Set(found)].slice(0, MAX_LANGUAGES);
  return languages.length > 1 ? languages.reverse() : [];
}

type TrackKind = 'both' | 'video' | 'audio' | 'unknown' | 'image';

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
 * One stream for each height (the best, with the audio that fits its container) and the best H.264 beside another codec, in each
 * language, then audio alone. Formats are sorted, best
 * last, by yt-dlp. Protected formats and storyboards are left out.
 * @param canJoin there is ffmpeg: the default is the best stream, else the best that needs no joining
 */
export function chooseStreams(formats: Format[], canJoin: boolean): StreamChoice {
  const usable = formats.filter(({ format_id, has_drm, ext }) => {
    const hasUsableId = format_id !== '' && format_id.length <= MAX_FORMAT_ID_CHARS;
    return hasUsableId && has_drm !== true && ext !== 'mhtml';
  });
  const audioFormats = usable.filter((format) => trackKindOf(format) === 'audio');
  const videoFormats = usable.filter((format) => !['audio', 'image'].includes(trackKindOf(format)));
  const videoStreams = videoStreamsOf(videoFormats, audioFormats, canJoin);
  const audioStreams = audioStreamsOf(audioFormats);
  const images = usable
    .filter((format) => trackKindOf(format) === 'image')
    .map((format) => singleStream(format, 'original'));
  const imageStreams = videoStreams.length + audioStreams.length === 0 ? images.reverse() : [];
  const streams = [...videoStreams, ...audioStreams, ...imageStreams].slice(0, MAX_STREAMS);
  const best = streams.find(({ id }) => canJoin || !id.includes('+')) ?? streams[0];
  return {
    type:
      videoStreams.length > 0
        ? typeOf(videoFormats)
        : audioStreams.length > 0
          ? 'audio'
          : images.length > 0
            ? 'image'
            : 'file',
    streams: streams.map((stream) => ({ ...stream, isDefault: stream === best })),
  };
}

function videoStreamsOf(videoFormats: Format[], audioFormats: Format[], canJoin: boolean): MediaStream[] {
  const listed = withoutWorse(videoChoices(videoFormats, audioFormats, canJoin));
  const labels = distinctQualities(listed.map(({ stream, traits }) => ({ quality: stream.quality, traits })));
  return listed.map(({ stream }, index) => ({ ...stream, quality: labels[index] ?? stream.quality }));
}

/** The best of each quality, kind of codec and language; the best quality first. */
function videoChoices(videoFormats: Format[], audioFormats: Format[], canJoin: boolean): VideoChoice[] {
  const audioFor = audioChooser(audioFormats);
  const languages = languagesOf(audioFormats);
  const spoken = languagesOf(videoFormats.filter((format) => trackKindOf(format) !== 'video'));
  const isOnly = videoFormats.length === 1;
  const choices = new Map<string, VideoChoice>();
  for (const format of videoFormats) {
    const hasAudio = trackKindOf(format) !== 'video';
    const own = spoken.includes(format.language ?? '') ? format.language : null;
    const codec = codecName(format.vcodec ?? '');
    const isH264 = codec === 'H.264';
    for (const language of hasAudio || languages.length === 0 ? [own] : languages) {
      const stream = hasAudio
        ? singleStream(format, qualityOf(format, isOnly))
        : joinedStream(format, audioFor(format.ext, language), isOnly);
      // H.264 plays everywhere, so it stays beside what is better.
      const key = `${stream.quality} ${isH264} ${language}`;
      const worse = choices.get(key);
      // A later format is better, unless it needs joining and that is impossible.
      if (worse && !canJoin && stream.id.includes('+') && !worse.stream.id.includes('+')) continue;
      choices.delete(key);
      choices.set(key, { stream, isH264, language, traits: [codec, language, kilobits(format.tbr)] });
    }
  }
  return [...choices.values()].reverse();
}

/** Without other codecs where H.264 is as good or better: nobody looks for those. */
function withoutWorse(choices: VideoChoice[]): VideoChoice[] {
  /** Those of the better choices that are H.264. */
  const h264 = new Set<string>();
  return choices.filter(({ stream, isH264, language }) => {
    const key = `${stream.quality} ${language}`;
    if (isH264) h264.add(key);
    return isH264 || !h264.has(key);
  });
}

function audioStreamsOf(audioFormats: Format[]): MediaStream[] {
  const best = bestByExt(audioFormats);
  const labels = distinctQualities(
    best.map((format) => ({ quality: audioQualityOf(format), traits: [null, format.language, null] })),
  );
  return best.map((format, index) => singleStream(format, labels[index] ?? ''));
}

function trackKindOf({ vcodec, acodec, ext, video_ext, audio_ext, height }: Format): TrackKind {
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

function typeOf(videoFormats: Format[]): MediaItem['type'] {
  return videoFormats.some((format) => trackKindOf(format) !== 'unknown' || VIDEO_EXT.has(format.ext))
    ? 'video'
    : 'file';
}

function singleStream(format: Format, quality: string): MediaStream {
  const ext = format.ext.slice(0, MAX_EXT_CHARS);
  return {
    id: format.format_id,
    quality,
    bytes: format.filesize,
    ...estimateOf(format),
    ext,
    isDefault: false,
  };
}

/** As in yt-dlp, which computes it from bit rate and duration where it knows both. */
function estimateOf(...formats: Format[]): Pick<MediaStream, 'estimatedBytes'> {
  if (formats.every(({ filesize }) => filesize !== null)) return {};
  const sizes = formats.map(({ filesize, filesize_approx }) => filesize ?? filesize_approx ?? 0);
  return sizes.every((size) => size > 0) ? { estimatedBytes: Math.round(sizes.reduce((a, b) => a + b)) } : {};
}

function joinedStream(video: Format, audio: Format | undefined, isOnly: boolean): MediaStream {
  const quality = qualityOf(video, isOnly);
  if (!audio) return singleStream(video, quality);
  return {
    id: `${video.format_id}+${audio.format_id}`,
    quality,
    bytes: video.filesize === null || audio.filesize === null ? null : video.filesize + audio.filesize,
    ...estimateOf(video, audio),
    // As yt-dlp's Merger does: the common container, else Matroska, which holds anything.
    ext: familyOf(video.ext)?.has(audio.ext) ? video.ext : 'mkv',
    isDefault: false,
  };
}

/** Extensions of tracks that fit into one container. */
const CONTAINER_FAMILIES = [
  new Set(['mp4', 'm4a', 'm4v', 'mov', 'mp3', '3gp']),
  new Set(['webm', 'weba', 'opus']),
];

function familyOf(ext: string): Set<string> | undefined {
  return CONTAINER_FAMILIES.find((family) => family.has(ext));
}

/** Finds the best audio for a video's extension and a language: of its container family, else the best of all. */
function audioChooser(audioFormats: Format[]): (ext: string, language: string | null) => Format | undefined {
  const best = new Map<string, Format | undefined>();
  const find = (family: Set<string> | undefined, wanted: string | null): Format | undefined => {
    const spoken = audioFormats.filter(({ language }) => wanted === null || language === wanted);
    return (family && spoken.findLast(({ ext }) => family.has(ext))) ?? spoken.at(-1);
  };
  return (ext, language) => {
    const family = familyOf(ext);
    const key = `${family === undefined ? -1 : CONTAINER_FAMILIES.indexOf(family)} ${language}`;
    if (!best.has(key)) best.set(key, find(family, language));
    return best.get(key);
  };
}

/**
 * `1080p`, `1080p60`, `1080p60 HDR`; without a height the bit rate, the site's note, its name of one among several (`hd`) or
 * `original`.
 */
function qualityOf(
  { format_id, height, width, fps, dynamic_range, format_note, tbr }: Format,
  isOnly = false,
): string {
  // A portrait video is named by its shorter side too.
  const lines = height !== null && width !== null ? Math.min(height, width) : height;
  if (lines === null || lines === 0) {
    if (tbr !== null && tbr > 0) return `${Math.round(tbr)} kbit/s`;
    const name = isOnly || !/[a-z]/i.test(format_id) ? 'original' : format_id;
    return (format_note?.trim() || name).slice(0, MAX_QUALITY_CHARS);
  }
  const rate = fps !== null && fps > 30 ? Math.round(fps) : '';
  const range =
    dynamic_range !== null && dynamic_range !== 'SDR' ? ` ${dynamic_range.slice(0, MAX_QUALITY_CHARS)}` : '';
  return `${lines}p${rate}${range}`;
}

function kilobits(rate: number | null): string | null {
  return rate !== null && rate > 0 ? `${Math.round(rate)} kbit/s` : null;
}

function audioQualityOf({ abr, tbr }: Format): string {
  const kilobits = abr !== null && abr > 0 ? abr : tbr;
  return kilobits !== null && kilobits > 0 ? `${Math.round(kilobits)} kbit/s` : 'audio only';
}

/** The best of each extension and language. */
function bestByExt(audioFormats: Format[]): Format[] {
  const best = new Map<string, Format>();
  const hasLanguages = languagesOf(audioFormats).length > 0;
  for (const audio of audioFormats) {
    const key = `${audio.ext} ${hasLanguages ? audio.language : ''}`;
    best.delete(key);
    best.set(key, audio);
  }
  return [...best.values()].reverse();
}
