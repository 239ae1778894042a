/** Records of each dialect as a download would print them, one after the other, and what can go wrong with one. */
import type { Dice } from './dice.ts';

/** A download whose numbers change a little, or not at all, from one record to the next. */
export class Download {
  /** Hundredths of `unit`. */
  received = 0;
  total: number;
  speed: number;
  seconds: number;
  width: number;
  unit: number;
  fragment = 0;

  constructor(dice: Dice) {
    this.total = 1 + dice.below(102_399);
    this.speed = dice.below(102_399);
    this.seconds = dice.pick([3, 70, 4000, 90_000, 400_000]);
    this.width = dice.pick([0, 1, 7, 8, 30, 49, 120]);
    this.unit = dice.below(5);
  }

  step(dice: Dice): void {
    if (dice.below(3) > 0) this.received = Math.min(102_399, this.received + dice.pick([0, 1, 2, 900]));
    if (dice.below(3) === 0) this.speed = Math.max(0, this.speed + dice.pick([-1, 1, 9000, -9000]));
    if (dice.below(4) === 0) this.seconds = Math.max(0, this.seconds + dice.pick([-1, -1, -1, 60]));
    // By one digit, one cell, one unit: what a comparison must not miss.
    if (dice.below(30) === 0) this.total = Math.max(1, this.total + dice.pick([1, -1, 10]));
    if (dice.below(30) === 0) this.width = Math.max(0, this.width + dice.pick([1, -1, 8, -8]));
    if (dice.below(40) === 0) this.unit = dice.below(5);
    if (dice.below(9) === 0) this.fragment++;
    if (dice.below(60) === 0) this.received = 0;
  }

  get percent(): number {
    return (this.received / this.total) * 100;
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const fixed = (hundredths: number): string => (hundredths / 100).toFixed(2);
const two = (n: number): string => String(n).padStart(2, '0');

function pbSize(hundredths: number, unit: number): string {
  return unit === 0 ? `${Math.floor(hundredths / 100)} B` : `${fixed(hundredths)} ${UNITS[unit]}`;
}

function bar({ percent, width }: Download): string {
  const done = Math.min(width, Math.floor((percent / 100) * width));
  return `[${'='.repeat(Math.max(0, done - 1))}${done > 0 ? '>' : ''}${'-'.repeat(width - done)}]`;
}

export function luxRecord(download: Download, dice: Dice): string {
  const { received, total, speed, seconds, unit, percent } = download;
  const of = dice.below(25) === 0 ? '' : ` / ${pbSize(total, unit)}`;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const whole = h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
  const time = dice.below(12) === 0 ? dice.pick(['?', '-1s', '1.6s', '100ms', '-66143h40m13.4s']) : whole;
  const rate = dice.below(12) === 0 ? '?' : pbSize(speed, unit);
  const share = of === '' ? '?' : percent.toFixed(2);
  return `${pbSize(received, unit)}${of} ${bar(download)} ${rate} p/s ${share}% ${time}`;
}

export function annieRecord(download: Download, dice: Dice): string {
  const { received, total, speed, seconds, unit, percent } = download;
  const drawn = download.width > 1 ? `${bar(download)} ` : '';
  if (dice.below(40) === 0) return ` ${pbSize(received, unit)} / ? ${drawn}`;
  const [d, h] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const rest = `${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
  const whole = d > 0 ? `${d}d${two(h)}h${rest}` : h > 0 ? `${h}h${rest}` : rest;
  const time = dice.pick([` ${whole}`, ` ${whole}`, ` ${whole}`, '', ' 7s', ' 1m2.5s']);
  const rate = dice.below(8) === 0 ? '' : ` ${pbSize(speed, unit)}/s`;
  return ` ${pbSize(received, unit)} / ${pbSize(total, unit)} ${drawn}${percent.toFixed(2).padStart(7)}%${rate}${time}`;
}

export function ytDlpRecord(download: Download, dice: Dice): string {
  const { received, total, speed, seconds, unit, percent, fragment } = download;
  const size = (hundredths: number): string => `${fixed(hundredths)}${UNITS[unit]}`.padStart(10);
  const rate = dice.below(12) === 0 ? ' Unknown B/s' : `${size(speed)}/s`;
  const [h, rest] = [
    Math.floor(seconds / 3600),
    `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`,
  ];
  const clock = h > 0 ? `${two(h)}:${rest}` : rest;
  const kind = dice.below(40);
  if (kind === 0) return `[download] 100% of ${size(total)} in ${clock} at ${rate.trim()}`;
  if (kind === 1) return `[download] 100% of ${size(total)}`;
  if (kind === 2) return `[download] ${size(received)} at ${rate} (${clock})`;
  const frag = dice.below(4) === 0 ? '' : ` (frag ${fragment}/99)`;
  const time = dice.below(12) === 0 ? dice.pick(['Unknown', '--:--:--']) : clock;
  const guess = download.width % 2 === 0 ? '~' : '';
  return `[download] ${percent.toFixed(1).padStart(5)}% of ${guess}${size(total)} at ${rate} ETA ${time}${frag}`;
}

export function sluiceRecord(prefix: string, download: Download, dice: Dice): string {
  const { received, total, speed, seconds, fragment, width } = download;
  const na = (n: number): string => (dice.below(15) === 0 ? 'NA' : String(n));
  const known = width % 2 === 0 ? `${total} NA` : `NA ${total + dice.below(2)}`;
  const frag = width % 2 === 0 ? 'NA NA' : `${fragment} 99`;
  const exact = dice.below(30) === 0 ? dice.pick(['.5', 'e3', '0000000000000007']) : '';
  const status = dice.below(40) === 0 ? 'f' : 'd';
  return `${prefix}${status} ${received}${exact} ${known} ${na(speed)} ${na(seconds)} ${frag}`;
}

export function ffmpegRecord(download: Download, dice: Dice): string {
  const { received, seconds, width } = download;
  const video = width % 2 === 0 ? `frame=${String(received).padStart(5)} fps=${received % 90} q=-1.0 ` : '';
  const size = dice.below(12) === 0 ? ' N/A' : `${String(received).padStart(8)}${dice.pick(['kB', 'KiB'])}`;
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.70`;
  const factor = dice.pick(['10.5x', '10.5x', ' 21x', '2.32e+04x', 'N/A']);
  const last = dice.below(20) === 0 ? 'L' : '';
  const more = dice.below(8) === 0 ? ' elapsed=0:00:01.00' : '';
  return `${video}${last}size=${size} time=${time} bitrate=2155.9kbits/s speed=${factor}${more}    `;
}

/**
 * One byte knocked out, put in or changed, or the end or the beginning lost. Within a bar only what bars are drawn
 * with is put in: not every byte of it is checked.
 */
export function mutate(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  const [open, close] = [text.indexOf('['), text.indexOf(']')];
  const drawn = close - open > 1 && /^[=>-]+$/.test(text.slice(open + 1, close));
  const inBar = drawn && at > open && at <= close;
  const byte = inBar
    ? dice.pick(['=', '-', '>'])
    : dice.pick([...'0123456789 .:/%[]~?sBKMiNA-\r\n\0\x80\x1e']);
  switch (dice.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + byte + text.slice(at);
    case 2:
      return text.slice(0, at) + byte + text.slice(at + 1);
    case 3:
      return text.slice(0, at);
    default:
      return text.slice(at);
  }
}
