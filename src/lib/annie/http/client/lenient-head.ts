/**
 * Rewrites the head of an invalid response so that the strict parser of the HTTP client accepts it, where browsers read it
 * and RFC 9112 (sections 2.2, 5.2, 6.3) allows that. Pure, and linear.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { readPlainHead } from './plain-head.ts';

/** `ICY` is HTTP/1.0 as SHOUTcast servers speak it. */
const STATUS_LINE = /^(?:HTTP\/(\d+)(?:\.(\d+))?|ICY)[ \t]+([1-9]\d\d)(?!\d)/i;
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Control characters that the client refuses. A NUL is left in, for the client to refuse. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\x01-\x08\x0a-\x1f\x7f]/g;

/** Before the status line: empty lines of the response before. */
const MAX_EMPTY_BYTES = 8;
/** Behind those, as in Chromium (`HttpUtil::LocateStartOfStatusLine`): a byte order mark, blanks. */
const MAX_JUNK_BYTES = 4;
const EXPECTED = 'HTTP/';
const RADIO = 'ICY ';
/** What `beginsAsHttp` looks at. */
export const FIRST_BYTES = MAX_EMPTY_BYTES + MAX_JUNK_BYTES + EXPECTED.length;
const JUNK = new RegExp(`^[\\r\\n]*(?:[^]{1,${MAX_JUNK_BYTES}}?(?=${EXPECTED}))?`, 'i');

/** Whether bytes that begin like this can be a response; null = too few to decide. */
export function beginsAsHttp(start: string): boolean | null {
  const text = start
    .slice(0, FIRST_BYTES)
    .replace(/^[\r\n]{1,8}/, '')
    .toUpperCase();
  if (text.startsWith(RADIO)) return true;
  let result: boolean | null = RADIO.startsWith(text) ? null : false;
  for (let at = 0; at <= MAX_JUNK_BYTES; at++) {
    if (text.startsWith(EXPECTED, at)) return true;
    if (EXPECTED.startsWith(text.slice(at, at + EXPECTED.length))) result = null;
  }
  return result;
}

/** How much stands before the status line. */
export function junkBefore(text: string): number {
  return JUNK.exec(text)?.[0].length ?? 0;
}

/**
 * @param text the head as latin1, with its empty line if it has one
 * @returns the head with its empty line, in the form that any parser accepts; null = it has that form
 * @throws SluiceError `not_http`
 */
export function rewrittenHead(text: string): string | null {
  if (isPlain(text)) return null;
  const [first = '', ...lines] = text.slice(junkBefore(text)).split(/\r?\n/);
  const [statusLine = '', major = '1', minor = '0', status = ''] = STATUS_LINE.exec(first) ?? [];
  if (status === '') throw notHttp('Its status line cannot be read.');
  const version = major === '1' && minor === '0' ? '1.0' : '1.1';
  const fields = fieldsOf(lines);
  // A connection on which framing was in doubt carries no further response.
  const kept = fields.filter(([name]) => !FRAMING.has(name.toLowerCase()));
  const framing = framingOf(fields, version);
  return [
    `HTTP/${version} ${status} ${first.slice(statusLine.length).trim().replace(CONTROLS, ' ')}`,
    ...kept.map(([name, value]) => `${name}: ${value}`),
    ...framing,
    ...(status.startsWith('1') ? [] : ['Connection: close']),
    '\r\n',
  ].join('\r\n');
}

const FRAMING = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding', 'upgrade']);

type Field = [name: string, value: string];

/** A folded line continues the one before; a line that is no field is left out. */
function fieldsOf(lines: readonly string[]): Field[] {
  const fields: { name: string; values: string[] }[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (/^[ \t]/.test(line)) fields.at(-1)?.values.push(line.trim());
    else fields.push({ name, values: [line.slice(colon + 1).trim()] });
  }
  return fields
    .filter(({ name }) => NAME.test(name))
    .map(({ name, values }) => [name, values.join(' ').replace(CONTROLS, ' ')]);
}

function framingOf(fields: readonly Field[], version: string): string[] {
  const codings = listOf(fields, 'transfer-encoding').map((coding) => coding.toLowerCase());
  if (version !== '1.0' && codings.includes('chunked')) return ['Transfer-Encoding: chunked'];
  const lengths = new Set(
    listOf(fields, 'content-length')
      .filter((length) => /^\d{1,15}$/.test(length))
      .map(Number),
  );
  if (lengths.size > 1) throw notHttp('It announces two different lengths.');
  return [...lengths].map((length) => `Content-Length: ${length}`);
}

function listOf(fields: readonly Field[], wanted: string): string[] {
  return fields
    .filter(([name]) => name.toLowerCase() === wanted)
    .flatMap(([, value]) => value.split(',').map((part) => part.trim()));
}

// eslint-disable-next-line no-control-regex
const ODD = /[^\r]\n|[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|[ \t]\r\n/;

function isPlain(text: string): boolean {
  const isStrict = text.endsWith('\r\n\r\n') && !ODD.test(text);
  const head = isStrict ? readPlainHead(text.slice(0, -4))?.head : null;
  if (!head) return false;
  const [length, coding] = [head.get('content-length'), head.get('transfer-encoding')];
  if (coding !== undefined) return length === undefined && coding.toLowerCase() === 'chunked';
  return length === undefined || /^\d{1,15}$/.test(length);
}

export function notHttp(why: string): SluiceError {
  return new SluiceError('not_http', `The server's answer is not valid HTTP. ${why}`);
}
