/** Output of lux that is slow to read, or once was: at least so many characters of each. */
import { repeated } from '../../support/scaling.ts';

const PART = '{"url":"https://cdn.example/\u0001","size":\u0001,"ext":"jpg"},';
const stream = (parts: string): string => `{"quality":"q","size":1,"parts":[${parts}{}]}`;
const entry = (streams: string, type = 'video'): string =>
  `{"url":"https://x.example/\u0001","site":"s","title":"t","type":"${type}","streams":{${streams}}}`;

export const WORST_LISTINGS: Record<string, (size: number) => string> = {
  'lines that begin an error': (n) => repeated('Downloading ', n),
  errors: (n) => repeated('Downloading x error:\nHTTP 404\n', n),
  'errors that say nothing': (n) => repeated('Downloading x error:\n\n', n),
  'runs that failed': (n) => repeated('Run x failed: y\n', n),
  'empty lines': (n) => repeated('\n ', n),
  'blanks in one line': (n) => `${repeated(' ', n)}x`,
  entries: (n) => `[${repeated(`${entry(`"a":${stream(PART)}`)},`, n)}{}]`,
  streams: (n) => `[${entry(repeated(`"s\u0001":${stream(PART)},`, n) + '"z":{}')}]`,
  parts: (n) => `[${entry(`"a":${stream(repeated(PART, n))}`)}]`,
  pictures: (n) => `[${entry(`"a":${stream(repeated(PART, n))}`, 'image')}]`,
  'other names': (n) => `[{${repeated('"k\u0001":0,', n)}"x":0}]`,
  'empty objects': (n) => `[${repeated('{},', n)}{}]`,
  'lists in lists': (n) => repeated('[', n / 2) + repeated(']', n / 2),
};
