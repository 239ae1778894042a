/** Text for a terminal. Titles come from the network: characters that move the cursor or hide text are removed. */

// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** East Asian Wide and Fullwidth, and emoji: two columns. Source: Unicode Standard Annex 11, its main blocks. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export function printable(text: string): string {
  return text.replaceAll(HIDDEN, '');
}

/** `text` in exactly `columns` columns: cut with an ellipsis, or filled with blanks. */
export function fit(text: string, columns: number): string {
  const cells = [...segmenter.segment(printable(text))].map(({ segment }) => ({
    segment,
    width: WIDE.test(segment) ? 2 : 1,
  }));
  const total = cells.reduce((sum, { width }) => sum + width, 0);
  if (total <= columns) return cells.map(({ segment }) => segment).join('') + ' '.repeat(columns - total);
  let used = 0;
  let out = '';
  for (const { segment, width } of cells) {
    if (used + width > columns - 1) break;
    out += segment;
    used += width;
  }
  return columns < 1 ? '' : `${out}…${' '.repeat(columns - 1 - used)}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units, three digits: `4.21 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `1:02:03`, `2:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}
