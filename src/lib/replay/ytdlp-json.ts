/**
 * yt-dlp's progress as JSON, one object per record, after what the template prints before `%(progress)j`:
 *
 *     {"status": "downloading", "downloaded_bytes": 11784403, "total_bytes": 15618348, "tmpfilename": "…", …}
 */
import type { RecordReader } from '../annie/progress/lines.ts';
import { recordEnd } from './ytdlp-text.ts';

/** @param prefix printed before each object */
export function jsonReader(prefix: string): RecordReader {
  return (segment, record) => {
    if (!segment.startsWith(`${prefix}{`)) return null;
    const end = objectEnd(segment, prefix.length);
    const found = end === 0 ? null : recordEnd(segment, end, true);
    const progress = found === null ? null : parse(segment.slice(prefix.length, end));
    if (progress === null) return null;
    const { status } = progress;
    const numberOf = (key: string): number => {
      const value = progress[key];
      return typeof value === 'number' ? value : NaN;
    };
    const received = numberOf('downloaded_bytes');
    if ((status !== 'downloading' && status !== 'finished') || Number.isNaN(received)) return null;
    const exact = numberOf('total_bytes');
    const total = Number.isNaN(exact) ? numberOf('total_bytes_estimate') : exact;
    const percent = status === 'finished' ? 100 : percentOf(received, total);
    record.set({
      percent,
      receivedBytes: received,
      totalBytes: total,
      bytesPerSecond: numberOf('speed'),
      etaSeconds: percent >= 100 ? 0 : Number.isNaN(total) ? NaN : numberOf('eta'),
      estimated: Number.isNaN(exact) && total > 0,
    });
    return found;
  };
}

/** Same as yt-dlp. */
function percentOf(received: number, total: number): number {
  if (total > 0) return (100 * received) / total;
  return received === 0 ? 0 : NaN;
}

/** The index after the object that begins at `i`; 0 when it is incomplete. Braces in strings do not count. */
function objectEnd(text: string, i: number): number {
  let depth = 0;
  let isQuoted = false;
  for (; i < text.length; i++) {
    const c = text[i];
    if (isQuoted) {
      if (c === '\\') i++;
      else if (c === '"') isQuoted = false;
    } else if (c === '"') {
      isQuoted = true;
    } else if (c === '{') {
      depth++;
    } else if (c === '}' && --depth === 0) {
      return i + 1;
    }
  }
  return 0;
}

function parse(json: string): Record<string, unknown> | null {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return null;
  }
}
