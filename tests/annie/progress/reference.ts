/**
 * A slow and plain reading of the same bytes, to hold the fast one to: the whole stream as one string (a character
 * is a byte), one regular expression for a record, and no memory from one record to the next.
 */
export interface Read {
  endOffset: number;
  percent: number | null;
  receivedBytes: number | null;
  totalBytes: number | null;
  speedBytesPerSecond: number | null;
  etaSeconds: number | null;
  estimated: boolean;
}
type Numbers = Partial<Omit<Read, 'endOffset'>>;

export interface Grammar {
  /** What a segment says when it is a record, and how long that is; null when it is none. */
  match: (segment: string) => { length: number; numbers: Numbers } | null;
  /** Whether a record may begin after LF, or only after CR. */
  anywhere: boolean;
  /** Text that may follow a record with time left, without anything between. */
  glue?: string;
}

const read = (endOffset: number, numbers: Numbers): Read => ({
  endOffset,
  percent: null,
  receivedBytes: null,
  totalBytes: null,
  speedBytesPerSecond: null,
  etaSeconds: null,
  estimated: false,
  ...numbers,
});

type Groups = (string | undefined)[];

/** A record that is all of a segment but the blanks at its end. */
function whole(record: string, decode: (groups: Groups) => Numbers): Grammar['match'] {
  const expression = new RegExp(`^(?:${record}) *$`);
  return (segment) => {
    const match = expression.exec(segment);
    return match && { length: segment.trimEnd().length, numbers: decode(match) };
  };
}

/** Records that must be a whole segment between CR, LF and the end. */
export function readSegments(text: string, { match, anywhere, glue }: Grammar): Read[] {
  const found: Read[] = [];
  let afterReturn = false;
  const lineEnd = (from: number): number => {
    const at = text.indexOf('\n', from);
    return at < 0 ? text.length : at;
  };
  for (let i = 0; i < text.length;) {
    const c = text[i];
    if (c === '\r' || c === '\n') {
      afterReturn = c === '\r';
      i++;
      continue;
    }
    const stop = text.slice(i).search(/[\r\n]/);
    const end = stop < 0 ? text.length : i + stop;
    const segment = text.slice(i, end);
    if (anywhere || afterReturn) {
      const whole = match(segment);
      if (whole !== null) {
        found.push(read(i + whole.length, whole.numbers));
        i = end;
        continue;
      }
      const at = glue === undefined ? -1 : segment.indexOf(glue);
      const head = segment.slice(0, at);
      const glued = at < 0 || !/ ETA /.test(head) ? null : match(head);
      if (glued !== null) {
        found.push(read(i + glued.length, glued.numbers));
        i = lineEnd(i);
        continue;
      }
    }
    i = /^ *$/.test(segment) && stop >= 0 ? end : lineEnd(i);
  }
  return found;
}

/** lux's records, which follow each other without anything between; after a misfit the next number is tried. */
export function readLuxBars(text: string): Read[] {
  const found: Read[] = [];
  const record = new RegExp(LUX_RECORD, 'y');
  for (let i = 0; i < text.length;) {
    record.lastIndex = i;
    const match = record.exec(text);
    if (match !== null) {
      i = record.lastIndex;
      found.push(read(i, luxNumbers(match)));
    } else {
      i++;
      while (i < text.length && !(/\d/.test(text[i]!) && !/[\d.]/.test(text[i - 1]!))) i++;
    }
  }
  return found;
}

const UNITS = 'BKMGTPEZY';
const PB_SIZE = String.raw`\d+ B|\d+\.\d\d [KMGTPEZY]iB`;
const TIGHT_SIZE = String.raw`\d+\.\d\d(?:B|[KMGTPEZY]iB)`;
const BAR = String.raw`\[[=>-]*\]`;
const DURATION = String.raw`(?:\d+(?:m(?!s)|h|d))*\d+(?:\.\d+)?(?:s|ms|ns|\xc2\xb5s)`;
const CLOCK = String.raw`\d\d+:\d\d(?::\d\d)?`;
const SPEED = `(?:Unknown B|N/A|${TIGHT_SIZE})/s`;
const FRAGMENT = String.raw`(?: \(frag \d+(?:/\d+)?\))?`;
const FIELD = String.raw` (NA|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`;

function bytes(text: string | undefined): number | null {
  const match = /^([\d.]+) ?([A-Z])/.exec(text ?? '');
  if (match === null) return null;
  const hundredths = Math.round(Number(match[1]) * 100);
  return match[1]!.includes('.')
    ? Math.floor((hundredths * 1024 ** UNITS.indexOf(match[2]!)) / 100 + 0.5)
    : Number(match[1]);
}

function duration(text: string | undefined, padded: boolean): number | null {
  if (text === undefined || text === '?' || /[-.]|[mn]s$|\xb5/.test(text)) return null;
  if (padded && !/\d\ds$/.test(text)) return null;
  const weight = { d: 86_400, h: 3600, m: 60, s: 1 };
  let seconds = 0;
  for (const [, n, unit] of text.matchAll(/(\d+)([dhms])/g))
    seconds += Number(n) * weight[unit as keyof typeof weight];
  return seconds;
}

const clock = (text: string | undefined): number | null =>
  /^\d/.test(text ?? '') ? text!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) : null;
const number = (text: string | undefined): number | null =>
  text === undefined || text === 'NA' || text === 'N/A' || text === '?' ? null : Number(text);
/** Elapsed at 100 %, and without a total there is nothing to be left. */
const left = (eta: number | null, percent: number | null, total: number | null): number | null =>
  percent !== null && percent >= 100 ? 0 : total === null ? null : eta;

const LUX_RECORD = `(${PB_SIZE})(?: / (${PB_SIZE}))? ${BAR} (\\?|${PB_SIZE}) p/s (\\?|\\d+\\.\\d\\d)% (\\?|-?${DURATION})`;

function luxNumbers([, received, total, speed, percent, time]: Groups): Numbers {
  const numbers = { receivedBytes: bytes(received), totalBytes: bytes(total), percent: number(percent) };
  const eta = left(duration(time, false), numbers.percent, numbers.totalBytes);
  return { ...numbers, speedBytesPerSecond: bytes(speed), etaSeconds: eta };
}

export const ANNIE: Grammar = {
  match: whole(
    ` (${PB_SIZE}) / (?:\\?(?: ${BAR})?|(${PB_SIZE})(?: ${BAR})? +(\\d+\\.\\d\\d)%) *(?:(${PB_SIZE})/s)? *(${DURATION})?`,
    ([, received, total, percent, speed, time]) => {
      const numbers = { receivedBytes: bytes(received), totalBytes: bytes(total), percent: number(percent) };
      const eta = left(duration(time, true), numbers.percent, numbers.totalBytes);
      return { ...numbers, speedBytesPerSecond: bytes(speed), etaSeconds: eta };
    },
  ),
  anywhere: false,
};

const YTDLP_RECORD = [
  `\\[download\\] +(?:(\\d+\\.\\d|N/A)%(?: of (~?) *(${TIGHT_SIZE}|N/A))? at +(${SPEED}) ETA +(${CLOCK}|Unknown|--:--:--)${FRAGMENT}`,
  `0*100%(?: of +(${TIGHT_SIZE}))?(?: in (?:${CLOCK}|--:--:--))?(?: at +(${SPEED}))?`,
  `(${TIGHT_SIZE}) at +(${SPEED})(?: \\((?:${CLOCK}|--:--:--)\\))?${FRAGMENT})`,
  `\\[download\\] Download completed`,
].join('|');

export const YTDLP: Grammar = {
  match: whole(YTDLP_RECORD, (groups) => {
    const [text, percent, guess, total, speed, eta, all, allSpeed, received, itsSpeed] = groups;
    if (percent !== undefined) {
      const share = number(percent);
      return {
        percent: share,
        totalBytes: bytes(total),
        estimated: guess === '~',
        speedBytesPerSecond: bytes(speed),
        etaSeconds: share !== null && share >= 100 ? 0 : clock(eta),
      };
    }
    if (/^\[download\] +(?:0*100%|Dow)/.test(text!)) {
      const size = bytes(all);
      return {
        percent: 100,
        receivedBytes: size,
        totalBytes: size,
        speedBytesPerSecond: bytes(allSpeed),
        etaSeconds: 0,
      };
    }
    return {
      receivedBytes: bytes(received),
      speedBytesPerSecond: bytes(itsSpeed),
    };
  }),
  anywhere: true,
  glue: '[download] Got error',
};

export function sluice(prefix: string): Grammar {
  return {
    anywhere: true,
    match: whole(`${prefix}([df])${FIELD.repeat(7)}`, (groups) => {
      const [, status, received, total, estimate, speed, eta] = groups;
      const guess = number(total) === null;
      const whole = guess ? number(estimate) : number(total);
      const got = number(received);
      const percent =
        status === 'f' ? 100 : whole !== null && whole > 0 && got !== null ? (100 * got) / whole : null;
      return {
        percent,
        receivedBytes: got,
        totalBytes: whole,
        estimated: guess && whole !== null && whole > 0,
        speedBytesPerSecond: number(speed),
        etaSeconds: percent !== null && percent >= 100 ? 0 : number(eta),
      };
    }),
  };
}

/** ffmpeg's status: names and values. What comes after the speed does not count. */
export const FFMPEG: Grammar = {
  anywhere: true,
  match(segment) {
    if (!/^(?:frame=|L?size=)/.test(segment)) return null;
    const token = /([\x21-\x3c\x3e-\xff]*)= *([\x21-\xff]+) */y;
    let size: string | null = null;
    let length = 0;
    while (token.lastIndex < segment.length) {
      const match = token.exec(segment);
      if (match === null) return null;
      const [all, name, value] = match as unknown as [string, string, string];
      if (/^L?size$/.test(name)) {
        if (!/^(?:\d+[kK]i?B|N)/.test(value)) return null;
        size = value;
      } else if (/^L?speed$/.test(name)) {
        if (!/^(?:N..|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?x)$/.test(value)) return null;
        length = match.index + all.trimEnd().length;
      }
    }
    if (size === null || length === 0) return null;
    return { length, numbers: { receivedBytes: /^\d/.test(size) ? parseInt(size, 10) * 1024 : null } };
  },
};
