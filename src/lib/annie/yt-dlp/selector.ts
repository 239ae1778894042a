/**
 * Stream ids and yt-dlp's format selectors. An id that a listing gave is one or two format ids (`137+140`), which
 * yt-dlp takes as they are, or a wish.
 */
import { WISHES } from '../../foreign/yt-dlp/wishes.ts';
import { SluiceError } from '../../protocol/error.ts';

export { WISHES };

/** yt-dlp itself replaces blanks and `,/+[]()` in format ids. A lone `-` would make it ask on its terminal. */
const FORMAT_IDS = /^[^\s,/+[\]()\p{Cc}]{1,120}(\+[^\s,/+[\]()\p{Cc}]{1,120}){0,3}$/u;

/**
 * What follows `--format=`. `null` asks for the best: where ffmpeg is missing, the best that needs no joining.
 * @throws SluiceError `stream_not_found` for what no listing of ours can have given, `ffmpeg_missing`
 */
export function selectorOf(streamId: string | null, hasFfmpeg: boolean): string {
  const wish = WISHES[streamId ?? 'best/any'];
  if (wish) return hasFfmpeg ? wish.selector : withoutJoining(wish.selector);
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
