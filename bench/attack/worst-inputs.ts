/** The inputs that the readers' own tests have, as inputs of the pool. A reader without any is a mistake. */
import type { InputOf, ReaderName } from '#lib/foreign/port.ts';
import {
  MAX_INFO_BYTES,
  MAX_LISTING_BYTES,
  MAX_PAGE_BYTES,
  MAX_PLAYLIST_BYTES,
} from '#lib/foreign/limits.ts';
import { WORST_LISTINGS } from '../../tests/foreign/lux/worst-listings.ts';
import { WORST_FEEDS, WORST_JSON_FEEDS } from '../../tests/foreign/page/worst-feeds.ts';
import { WORST_PAGES } from '../../tests/foreign/page/worst-pages.ts';
import { WORST_PLAYLISTS } from '../../tests/foreign/playlist/worst-playlists.ts';
import { WORST_INFOS } from '../../tests/foreign/yt-dlp/worst-infos.ts';
import { repeated } from '../../tests/support/scaling.ts';

export interface WorstInput {
  reader: ReaderName;
  name: string;
  /** Of its text, in bytes. */
  most: number;
  /** An input of the reader. */
  make(size: number): never;
}

const URL_OF_TEXT = 'https://site.example/some/page';
const exit = { exitCode: 1, signal: null };

function inputs<Name extends ReaderName>(
  reader: Name,
  most: number,
  texts: Record<string, (size: number) => string>,
  inputOf: (text: string) => InputOf<Name>,
): WorstInput[] {
  return Object.entries(texts).map(([name, text]) => ({
    ...{ reader, name, most },
    make: (size) => inputOf(text(size)) as never,
  }));
}

const chunks = (most: number) => (text: string) => [new TextEncoder().encode(text).subarray(0, most)];

/** Of an engine that fails: lines of errors, as long and as many as are kept. */
const FAILURES: Record<string, (size: number) => string> = {
  'one long line': (n) => `ERROR: ${repeated('unable to write data: ', n)}`,
  'many lines': (n) => repeated('ERROR: [generic] HTTP Error 404: \u0001\n', n),
  'colours that do not end': (n) => repeated('\u001b[0;', n),
  blanks: (n) => `ERROR: ${repeated(' ', n)}x`,
  'reports of itself': (n) => repeated('; please report this issue on ', n),
};

const page = chunks(MAX_PAGE_BYTES);
const playlist = chunks(MAX_PLAYLIST_BYTES);
const info = chunks(MAX_INFO_BYTES);
const listing = chunks(MAX_LISTING_BYTES);

export const WORST_INPUTS: readonly WorstInput[] = [
  ...inputs('page', MAX_PAGE_BYTES, { ...WORST_PAGES, ...WORST_FEEDS, ...WORST_JSON_FEEDS }, (text) => ({
    ...{ chunks: page(text), url: URL_OF_TEXT },
  })),
  ...inputs('playlist', MAX_PLAYLIST_BYTES, WORST_PLAYLISTS, (text) => ({
    ...{ chunks: playlist(text), url: URL_OF_TEXT },
  })),
  ...inputs('yt-dlp-listing', MAX_INFO_BYTES, WORST_INFOS, (text) => ({
    ...{ chunks: info(text), url: URL_OF_TEXT, canJoin: true },
  })),
  ...inputs('lux-listing', MAX_LISTING_BYTES, WORST_LISTINGS, (text) => ({
    ...{ engine: 'lux', chunks: listing(text), address: URL_OF_TEXT, exitCode: 0, signal: null },
  })),
  ...inputs('yt-dlp-failure', 1024 * 1024, FAILURES, (text) => ({ ...exit, lines: text.split('\n') })),
  ...inputs('lux-failure', 1024 * 1024, FAILURES, (text) => ({
    ...exit,
    engine: 'lux',
    lines: text.split('\n'),
  })),
];
