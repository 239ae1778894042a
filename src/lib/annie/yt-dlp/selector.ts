/**
 * From stream ids to yt-dlp's format selectors. The id of a listed stream is one or more format ids (`137+140`), which are
 * selectors already, or the name of a preset.
 */
import { PRESETS } from '../../foreign/yt-dlp/presets.ts';
import { SluiceError } from '../../protocol/error.ts';

export { PRESETS };

/** yt-dlp replaces blanks and `,/+[]()` in format ids. A lone `-` would make it prompt for one. */
const FORMAT_IDS = /^[^\s,/+[\]()\p{Cc}]{1,120}(\+[^\s,/+[\]()\p{Cc}]{1,120}){0,3}$/u;

/**
 * The value of `--format`. Null selects the best; without ffmpeg the best that needs no joining.
 * @throws SluiceError `stream_not_found` for an id that no listing can hold, `ffmpeg_missing`
 */
export function selectorOf(streamId: string | null, hasFfmpeg: boolean): string {
  const name = streamId ?? 'best/any';
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset) return hasFfmpeg ? preset.selector : withoutJoining(preset.selector);
  if (streamId === null || streamId === '-' || !FORMAT_IDS.test(streamId)) {
    throw new SluiceError('stream_not_found', 'That is not the id of a stream.');
  }
  if (streamId.includes('+') && !hasFfmpeg) throw new SluiceError('ffmpeg_missing');
  return streamId;
}

function withoutJoining(selector: string): string {
  return selector
    .split('/')
    .filter((part) => !part.includes('+'))
    .join('/');
}
