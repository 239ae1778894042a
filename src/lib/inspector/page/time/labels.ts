import { locale } from '../../../ui/language.svelte.ts';
import { eventLabel } from '../log/sequence.ts';
import type { Moment } from '../state/moments.ts';

let format: { locale: string; time: Intl.DateTimeFormat } | null = null;

/** The time of day to the millisecond. */
export function preciseTime(at: number): string {
  const now = locale();
  if (format?.locale !== now) {
    const options = {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
    } as const;
    format = { locale: now, time: new Intl.DateTimeFormat(now, { ...options, hourCycle: 'h23' }) };
  }
  return format.time.format(at);
}

/** `14:03:07.120 pause → paused` */
export function momentLabel({ at, event, value }: Moment): string {
  return [preciseTime(at), event === '' ? '' : eventLabel(event), `→ ${value}`]
    .filter((part) => part !== '')
    .join(' ');
}
