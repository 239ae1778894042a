/** Records made from the grammar of each dialect come back as the numbers they were made from. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RecordedDialect } from '#lib/replay/parser.ts';
import type { PrintedSample } from '#lib/replay/printed-sample.ts';
import { feed, utf8 } from './feed.ts';

type Numbers = Omit<PrintedSample, 'fd' | 'endOffset'>;
interface Made {
  text: string;
  numbers: Numbers;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const hundredths = fc.integer({ min: 0, max: 102_399 });
const fixed = (value: number): string => (value / 100).toFixed(2);
const toBytes = (value: number, power: number): number => Math.round((value * 1024 ** power) / 100);

/** `390.62 KiB`, `7 B`. */
const pbSize = fc.oneof(
  fc.integer({ min: 0, max: 1023 }).map((bytes) => ({ text: `${bytes} B`, bytes })),
  fc
    .tuple(hundredths, fc.integer({ min: 1, max: 4 }))
    .map(([value, power]) => ({ text: `${fixed(value)} ${UNITS[power]}`, bytes: toBytes(value, power) })),
);
/** `14.89MiB`, `38.00B`. */
const tightSize = fc
  .tuple(hundredths, fc.integer({ min: 0, max: 4 }))
  .map(([value, power]) => ({ text: `${fixed(value)}${UNITS[power]}`, bytes: toBytes(value, power) }));
const bar = fc
  .tuple(fc.nat(60), fc.boolean(), fc.nat(60))
  .map(([done, head, left]) => `[${'='.repeat(done)}${head ? '>' : ''}${'-'.repeat(left)}]`);
const seconds = fc.integer({ min: 0, max: 400_000 });
const pad = (value: number): string => String(value).padStart(2, '0');

function goDuration(total: number): string {
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

/** What lux prints for time, and the seconds left that it means. */
const luxTime = fc.oneof(
  fc.constant({ text: '?', eta: null }),
  seconds.map((eta) => ({ text: goDuration(eta), eta })),
  seconds.map((total) => ({ text: `-${goDuration(total + 1)}`, eta: null })),
  fc.constantFrom('100ms', '7.7s', '1m2.5s', '12.5µs', '-66143h40m13.419103232s', '9ns').map((text) => ({
    text,
    eta: null,
  })),
);
const percentOver = fc.integer({ min: 0, max: 35_000 });

const lux = fc
  .tuple(pbSize, fc.option(pbSize), bar, fc.option(pbSize), percentOver, luxTime)
  .map(([received, total, drawn, speed, percent, time]): Made => {
    const of = total === null ? '' : ` / ${total.text}`;
    const share = total === null ? '?%' : `${fixed(percent)}%`;
    const done = total !== null && percent >= 10_000;
    return {
      text: `${received.text}${of} ${drawn} ${speed?.text ?? '?'} p/s ${share} ${time.text}`,
      numbers: {
        percent: total === null ? null : percent / 100,
        receivedBytes: received.bytes,
        totalBytes: total?.bytes ?? null,
        speedBytesPerSecond: speed?.bytes ?? null,
        etaSeconds: done ? 0 : total === null ? null : time.eta,
      },
    };
  });

function annieTime(total: number): string {
  const [d, h] = [Math.floor(total / 86_400), Math.floor(total / 3600) % 24];
  const rest = `${pad(Math.floor(total / 60) % 60)}m${pad(total % 60)}s`;
  if (d > 0) return `${d}d${pad(h)}h${rest}`;
  return h > 0 ? `${h}h${rest}` : rest;
}

const annie = fc
  .tuple(
    pbSize,
    fc.option(pbSize),
    fc.option(bar),
    percentOver,
    fc.option(pbSize),
    fc.option(seconds),
    fc.nat(9),
  )
  .map(([received, total, drawn, percent, speed, time, padding]): Made => {
    const share = total === null ? '' : ` ${fixed(percent).padStart(6)}%`;
    const rest = `${speed === null ? '' : ` ${speed.text}/s`}${time === null ? '' : ` ${annieTime(time)}`}`;
    const text = ` ${received.text} / ${total?.text ?? '?'} ${drawn ?? ''}${share}${rest}`;
    return {
      text: text.trimEnd() + ' '.repeat(padding),
      numbers: {
        percent: total === null ? null : percent / 100,
        receivedBytes: received.bytes,
        totalBytes: total?.bytes ?? null,
        speedBytesPerSecond: speed?.bytes ?? null,
        etaSeconds: total === null ? null : percent >= 10_000 ? 0 : time,
      },
    };
  });

const clock = (total: number, hours: boolean): string => {
  const h = Math.floor(total / 3600);
  const rest = `${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`;
  return h > 0 || hours ? `${pad(h)}:${rest}` : rest;
};
const ytDlpSpeed = fc.option(tightSize);
const speedText = (speed: { text: string } | null): string =>
  speed === null ? ' Unknown B/s' : `${speed.text.padStart(10)}/s`;
const ytDlpEta = fc.oneof(
  fc.integer({ min: 0, max: 99 * 3600 }).map((eta) => ({ text: clock(eta, false), eta })),
  fc.constantFrom('Unknown', '--:--:--').map((text) => ({ text, eta: null })),
);
const fragment = fc.option(fc.tuple(fc.nat(9999), fc.nat(9999)).map(([n, m]) => ` (frag ${n}/${m})`));

const ytDlp = fc.oneof(
  fc
    .tuple(fc.nat(2000), fc.boolean(), tightSize, ytDlpSpeed, ytDlpEta, fragment)
    .map(([tenths, guess, total, speed, eta, frag]): Made => ({
      text: `[download] ${(tenths / 10).toFixed(1).padStart(5)}% of ${guess ? '~' : ''}${total.text.padStart(10)} at ${speedText(speed)} ETA ${eta.text}${frag ?? ''}`,
      numbers: {
        percent: tenths / 10,
        receivedBytes: null,
        totalBytes: total.bytes,
        speedBytesPerSecond: speed?.bytes ?? null,
        etaSeconds: tenths >= 1000 ? 0 : eta.eta,
      },
    })),
  fc
    .tuple(tightSize, ytDlpSpeed, fc.nat(300_000), fragment)
    .map(([received, speed, elapsed, frag]): Made => ({
      text: `[download] ${received.text.padStart(10)} at ${speedText(speed)} (${clock(elapsed, true)})${frag ?? ''}`,
      numbers: {
        percent: null,
        receivedBytes: received.bytes,
        totalBytes: null,
        speedBytesPerSecond: speed?.bytes ?? null,
        etaSeconds: null,
      },
    })),
  fc
    .tuple(tightSize, fc.option(fc.nat(300_000)), fc.option(tightSize))
    .map(([total, elapsed, speed]): Made => ({
      text: `[download] 100% of ${total.text.padStart(10)}${elapsed === null ? '' : ` in ${clock(elapsed, true)}`}${speed === null ? '' : ` at ${speed.text}/s`}`,
      numbers: {
        percent: 100,
        receivedBytes: total.bytes,
        totalBytes: total.bytes,
        speedBytesPerSecond: speed?.bytes ?? null,
        etaSeconds: 0,
      },
    })),
);

/** A double as Python writes it. */
const real = fc
  .double({ min: 1e-3, max: 1e12, noNaN: true })
  .map((value) => (Number.isInteger(value) ? `${value}.0` : String(value)));
const count = fc.nat(2 ** 31 - 1);

const ytDlpJson = fc
  .tuple(count, fc.option(count.filter((total) => total > 0)), fc.option(real), fc.option(count), fc.string())
  .map(([received, total, speed, eta, title]): Made => {
    const name = JSON.stringify(`${title}"} [download] 50.0% {"downloaded_bytes": 1`);
    const percent = total === null ? (received === 0 ? 0 : null) : (100 * received) / total;
    return {
      text: `{"status": "downloading", "downloaded_bytes": ${received}, "total_bytes": ${total ?? 'null'}, "tmpfilename": ${name}, "filename": ${name}, "eta": ${eta ?? 'null'}, "speed": ${speed ?? 'null'}, "elapsed": 1.5, "ctx_id": null, "_eta_str": "Unknown", "_default_template": "x"}`,
      numbers: {
        percent,
        receivedBytes: received,
        totalBytes: total,
        speedBytesPerSecond: speed === null ? null : Number(speed),
        etaSeconds: percent !== null && percent >= 100 ? 0 : total === null ? null : eta,
      },
    };
  });

const na = (value: number | null): string => (value === null ? 'NA' : String(value));
/** Any double that is no less than 0, as it is printed. */
const anyDouble = fc
  .double({ min: 0, noNaN: true, noDefaultInfinity: true })
  .map((value) => (Object.is(value, -0) ? 0 : value));
const sluice = fc
  .tuple(count, fc.option(count.filter((total) => total > 0)), fc.option(anyDouble), fc.option(count))
  .map(([received, total, speed, eta]): Made => {
    const percent = total === null ? null : (100 * received) / total;
    return {
      text: `\u001esluicen1 d ${received} ${na(total)} NA ${na(speed)} ${na(eta)} NA NA`,
      numbers: {
        percent,
        receivedBytes: received,
        totalBytes: total,
        speedBytesPerSecond: speed,
        etaSeconds: percent !== null && percent >= 100 ? 0 : eta,
      },
    };
  });

const kilobytes = fc.option(fc.nat(2 ** 31 - 1));
const ffmpegNumbers = (bytes: number | null): Numbers => ({
  percent: null,
  receivedBytes: bytes,
  totalBytes: null,
  speedBytesPerSecond: null,
  etaSeconds: null,
});
const ffmpegTime = fc.constantFrom('00:00:10.70', 'N/A', '-577014:32:22.77', '101:00:00.00');
const factor = fc.constantFrom('10.5x', 'N/A', ' 271x', '2.32e+04x', '0.0479x');
const stats = fc
  .tuple(fc.boolean(), fc.boolean(), kilobytes, ffmpegTime, factor)
  .map(([video, last, size, time, speed]): Made => ({
    text: `${video ? 'frame=  268 fps= 62 q=-1.0 q=28.0 ' : ''}${last ? 'L' : ''}size=${size === null ? ' N/A' : ` ${size}kB`} time=${time} bitrate=N/A dup=1 drop=0 speed=${speed}    `,
    numbers: ffmpegNumbers(size === null ? null : size * 1024),
  }));
const block = fc
  .tuple(fc.boolean(), fc.option(count), factor, fc.boolean())
  .map(([video, size, speed, more]): Made => ({
    text: `${video ? 'frame=1\nfps=0.00\nstream_0_0_q=-1.0\n' : ''}bitrate=  16.5kbits/s\ntotal_size=${size ?? 'N/A'}\nout_time_us=${size ?? 'N/A'}\nout_time_ms=5\nout_time=00:00:00.000000\ndup_frames=0\ndrop_frames=0\nspeed=${speed}\nprogress=${more ? 'continue' : 'end'}`,
    numbers: ffmpegNumbers(size),
  }));

interface Case {
  name: string;
  dialect: RecordedDialect;
  fd: 1 | 2;
  made: fc.Arbitrary<Made>;
  before: string;
  after: string;
}

const CASES: Case[] = [
  { name: 'lux', dialect: { engine: 'lux' }, fd: 2, made: lux, before: '', after: '' },
  { name: 'annie', dialect: { engine: 'annie' }, fd: 1, made: annie, before: '\r', after: '' },
  ...(['\r|', '|\n'] as const).flatMap((ends) => {
    const [before, after] = ends.split('|') as [string, string];
    const how = before === '' ? 'in lines' : 'after CR';
    const yt = (progress: Extract<RecordedDialect, { engine: 'yt-dlp' }>['progress']): RecordedDialect => ({
      engine: 'yt-dlp',
      progress,
    });
    return [
      { name: `yt-dlp text ${how}`, dialect: yt({ format: 'text' }), made: ytDlp },
      { name: `yt-dlp JSON ${how}`, dialect: yt({ format: 'json', prefix: '' }), made: ytDlpJson },
      {
        name: `our template ${how}`,
        dialect: yt({ format: 'sluice', prefix: '\u001esluicen1 ' }),
        made: sluice,
      },
    ].map((one) => ({ ...one, fd: 1 as const, before, after }));
  }),
  {
    name: 'ffmpeg stats',
    dialect: { engine: 'ffmpeg', progressFd: null },
    fd: 2,
    made: stats,
    before: '',
    after: '\r',
  },
  {
    name: 'ffmpeg -progress',
    dialect: { engine: 'ffmpeg', progressFd: 1 },
    fd: 1,
    made: block,
    before: '',
    after: '\n',
  },
];

for (const { name, dialect, fd, made, before, after } of CASES) {
  test(`${name}: records made from the grammar come back, however they are cut`, () => {
    fc.assert(
      fc.property(
        fc.array(made, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 9 }),
        (records, sizes) => {
          const bytes = utf8(records.map(({ text }) => before + text + after).join(''));
          let offset = 0;
          const expected = records.map(({ text, numbers }) => {
            const end = offset + utf8(before + text.trimEnd()).length;
            offset += utf8(before + text + after).length;
            return { fd, endOffset: end, ...numbers };
          });
          assert.equal(feed(dialect, fd, bytes, sizes).samples, expected);
        },
      ),
      { numRuns: 150 },
    );
  });
}

test.run();
