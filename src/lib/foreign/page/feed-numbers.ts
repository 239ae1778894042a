/** Sizes and lengths of episodes, as feeds say them. Pure. */

/** Longer ones are mistakes, such as ms for s: 40 days. */
const MAX_SECONDS = 40 * 86_400;

/** Size in bytes; null = none, or 0, which feeds say for unknown. */
function sizeIn(value: unknown): number | null {
  const bytes = typeof value === 'string' && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** Length in s, of `3723`, `62:03` or `1:02:03` (Apple's `itunes:duration`); null = none, or unknown. */
export function secondsIn(value: unknown): number | null {
  const seconds = typeof value === 'string' ? secondsInText(value.trim()) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_SECONDS ? seconds : null;
}

function secondsInText(text: string): number | null {
  if (!/^\d{1,9}(?::\d{1,3}){0,2}(?:\.\d{1,9})?$/.test(text)) return null;
  return text.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
}

/** Of a source; empty = unknown. */
export function sizeOf(value: unknown): { bytes?: number } {
  const bytes = sizeIn(value);
  return bytes === null ? {} : { bytes };
}
