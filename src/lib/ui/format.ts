/** Numbers in the reader's locale, with a fixed number of decimals so that their width hardly changes between ticks. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
const STEP = 1000;

const formats = new Map<string, Intl.NumberFormat>();

/** Cached: creating an Intl.NumberFormat takes about 50 times as long as formatting with it. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${options.unit ?? options.style} ${options.maximumFractionDigits}`;
  let format = formats.get(key);
  if (format === undefined) formats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

/** `12.4 MB`: decimal units, one decimal below 100. */
export function formatBytes(bytes: number, locale: string): string {
  return formatUnit(bytes, locale, '');
}

/** `12.4 MB/s`. */
export function formatSpeed(bytesPerSecond: number, locale: string): string {
  return formatUnit(bytesPerSecond, locale, '-per-second');
}

function formatUnit(bytes: number, locale: string, suffix: '' | '-per-second'): string {
  let value = Math.max(0, bytes);
  let power = 0;
  // 999.96 kB would be written 1000.0 kB: round before choosing the unit.
  while (power < UNITS.length - 1 && round(value, digitsOf(value, power)) >= STEP) {
    value /= STEP;
    power++;
  }
  const digits = digitsOf(value, power);
  const text = numberFormat(locale, {
    style: 'unit',
    unit: `${UNITS[power]}${suffix}`,
    unitDisplay: 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
  // English writes "byte" here, beside symbols such as kB.
  return text.replace('byte', 'B');
}

function digitsOf(value: number, power: number): number {
  return power > 0 && round(value, 1) < 100 ? 1 : 0;
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** `42.3 %`, floored: 100 % means all of it. */
export function formatPercent(percent: number, locale: string): string {
  const cut = Math.min(100, Math.max(0, Math.floor(percent * 10 + 1e-6) / 10));
  const digits = cut === 100 || cut === 0 ? 0 : 1;
  return numberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(cut / 100);
}

type DurationParts =
  | { unit: 'seconds'; s: number }
  | { unit: 'minutes-seconds'; m: number; s: number }
  | { unit: 'minutes'; m: number }
  | { unit: 'hours-minutes'; h: number; m: number }
  | { unit: 'days-hours'; d: number; h: number };

/**
 * The two largest units, so that a long time does not change every second. Null from 100 days on, where an estimate is
 * meaningless.
 */
export function durationParts(seconds: number): DurationParts | null {
  const total = Math.max(0, Math.ceil(seconds));
  const minutes = Math.ceil(total / 60);
  if (total < 60) return { unit: 'seconds', s: total };
  if (total < 600) return { unit: 'minutes-seconds', m: Math.floor(total / 60), s: total % 60 };
  if (minutes < 60) return { unit: 'minutes', m: minutes };
  if (minutes < 24 * 60) return { unit: 'hours-minutes', h: Math.floor(minutes / 60), m: minutes % 60 };
  const hours = Math.ceil(total / 3600);
  const d = Math.floor(hours / 24);
  return d < 100 ? { unit: 'days-hours', d, h: hours % 24 } : null;
}

const dates = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${options.dateStyle} ${options.timeStyle}`;
  let format = dates.get(key);
  if (format === undefined) dates.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

/** An ISO 8601 time as date and time in the reader's time zone. */
export function formatTime(iso: string, locale: string): string {
  return dateFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso));
}

/** The time of day, to the second. */
export function formatClock(iso: string, locale: string): string {
  return dateFormat(locale, { timeStyle: 'medium' }).format(new Date(iso));
}

/** The hour and minute alone if it was on the day of `now`, else with the date. */
export function formatMoment(iso: string, now: Date, locale: string): string {
  const date = new Date(iso);
  const sameDay = date.toDateString() === now.toDateString();
  const style = { timeStyle: 'short' } as const;
  return dateFormat(locale, sameDay ? style : { ...style, dateStyle: 'medium' }).format(date);
}

/** Only the time if it is on the day of `now`, else only the date. */
export function formatWhen(iso: string, now: Date, locale: string): string {
  const date = new Date(iso);
  const sameDay = date.toDateString() === now.toDateString();
  return dateFormat(locale, sameDay ? { timeStyle: 'short' } : { dateStyle: 'medium' }).format(date);
}

/** The host of an address without `www.`; the text itself where it is none. */
export function hostOf(url: string): string {
  return URL.parse(url)?.host.replace(/^www\./, '') ?? url;
}
