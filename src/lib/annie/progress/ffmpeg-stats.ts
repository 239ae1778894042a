/**
 * One status record of ffmpeg, as on its fd 2:
 *
 *     frame=  268 fps=262 q=-1.0 size=    2816kB time=00:00:10.70 bitrate=2155.9kbits/s speed=10.5x
 *
 * Names and values, with blanks before values. Which ones come depends on the streams; size and speed always do.
 */
import type { RecordReader } from './lines.ts';
import { trimmedLength } from './text.ts';

const FIRST = /^(?:frame=|L?size=)/;
/** All bytes but blanks and control characters. */
const FIELD = /([!-<>-\xff]*)= *([!-\xff]+) */y;
/** Both units are 1024 bytes: newer ffmpegs print KiB. */
const SIZE = /^(?:(\d+)[kK]i?B|N)/;
const SPEED = /^(?:N..|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?x)$/;

export const readFfmpegStats: RecordReader = (segment, record) => {
  if (!FIRST.test(segment)) return null;
  let receivedBytes: number | null = null;
  /** Just past the speed: newer ffmpegs print more after it, which does not count. */
  let end = 0;
  for (let at = 0; at < segment.length; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(segment);
    if (match === null) return null;
    const [field, name = '', value = ''] = match;
    if (/^L?size$/.test(name)) {
      const size = SIZE.exec(value);
      if (size === null) return null;
      receivedBytes = Number(size[1] ?? NaN) * 1024;
    } else if (/^L?speed$/.test(name)) {
      if (!SPEED.test(value)) return null;
      end = at + trimmedLength(field);
    }
  }
  if (receivedBytes === null || end === 0) return null;
  record.set({ receivedBytes });
  return { end, rest: segment.length };
};
