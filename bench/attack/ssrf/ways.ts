/** By which an address that a stranger chose can come to be fetched. */
import type { EngineName } from '#lib/protocol/media.ts';
import { MEDIA, type Reply, type Site } from '../world/origin.ts';

export interface Way {
  name: string;
  engine: EngineName;
  /** What is looked up, in the job's folder; null = the address itself. */
  start: string | null;
  /** Whether what the look-up finds, or the start where it fails, is downloaded too. */
  downloads: boolean;
  /** @param to the private address, which ends with `.mp4`; @param here the job's folder on the site, as an address */
  site(to: string, here: string): Site;
}

const html = (body: string): Reply => ({
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><title>Film</title>${body}`,
});
const playlist = (body: string): Reply => ({
  headers: { 'content-type': 'application/vnd.apple.mpegurl' },
  body: `#EXTM3U\n#EXT-X-VERSION:6\n${body}`,
});
const media = (lines: string): Reply =>
  playlist(`#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n${lines}\n#EXT-X-ENDLIST\n`);
const xml = (body: string): Reply => ({ headers: { 'content-type': 'application/xml' }, body });
const redirect = (to: string, status = 302): Reply => ({ status, headers: { location: to } });
const video: Reply = { headers: { 'content-type': 'video/mp2t' }, body: MEDIA };
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
const dash = (inside: string): Reply => ({
  headers: { 'content-type': 'application/dash+xml' },
  body: `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>${inside}</Period></MPD>`,
});
const adaptation = (inside: string): string =>
  `<AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="1" bandwidth="9000" codecs="avc1.4d401e" width="640" height="360">${inside}</Representation></AdaptationSet>`;

type Pages = (to: string, here: string) => Record<string, Reply>;

/** A site of a few pages; everything else there is media. */
const pages =
  (make: Pages): Way['site'] =>
  (to, here) => {
    const known = make(to, here);
    return (rest) => known[rest.split('?')[0] ?? ''] ?? video;
  };

/** Breaks off, and answers what is asked for then by a redirect. */
const secondRequest: Way['site'] = (to) => {
  let requests = 0;
  return () =>
    ++requests > 1
      ? redirect(to)
      : {
          headers: {
            ...{ 'content-type': 'application/zip', 'accept-ranges': 'bytes', etag: '"1"' },
            'content-length': '3000000',
          },
          body: Buffer.alloc(500_000),
          breaksOff: true,
        };
};

/** Found by a look-up alone. */
const LOOKED_UP: Record<string, [start: string, make: Pages]> = {
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `redirect ${status}`,
      ['film.mp4', (to: string) => ({ 'film.mp4': redirect(to, status) })],
    ]),
  ),
  'redirect by redirect': [
    'a.mp4',
    (to, here) => ({ 'a.mp4': redirect(`${here}b.mp4`), 'b.mp4': redirect(to, 307) }),
  ],
  'redirect without a scheme': ['a.mp4', (to) => ({ 'a.mp4': redirect(to.replace(/^http:/, '')) })],
  'refresh in a head': [
    'page',
    (to) => ({ page: { headers: { 'content-type': 'text/html', refresh: `0;url=${to}` } } }),
  ],
  'refresh in a page': [
    'page',
    (to) => ({ page: html(`<meta http-equiv="refresh" content="0;url=${escaped(to)}">`) }),
  ],
  frame: ['page', (to) => ({ page: html(`<iframe src="${escaped(to)}"></iframe>`) })],
};

/** Found by a look-up, and fetched by a download. */
const FETCHED: Record<string, [start: string, make: Pages]> = {
  player: ['page', (to) => ({ page: html(`<video src="${escaped(to)}"></video>`) })],
  'player with sources': [
    'page',
    (to) => ({ page: html(`<video><source src="${escaped(to)}" type="video/mp4"></video>`) }),
  ],
  link: ['page', (to) => ({ page: html(`<a href="${escaped(to)}">film</a>`) })],
  base: ['page', (to) => ({ page: html(`<base href="${escaped(to)}/"><video src="film.mp4"></video>`) })],
  'open graph': ['page', (to) => ({ page: html(`<meta property="og:video" content="${escaped(to)}">`) })],
  'structured data': [
    'page',
    (to) => ({
      page: html(
        `<script type="application/ld+json">${JSON.stringify({ '@context': 'https://schema.org', '@type': 'VideoObject', name: 'f', contentUrl: to })}</script>`,
      ),
    }),
  ],
  script: ['page', (to) => ({ page: html(`<video></video><script>play(${JSON.stringify(to)})</script>`) })],
  'player that redirects': [
    'page',
    (to, here) => ({ page: html(`<video src="${here}f.mp4"></video>`), 'f.mp4': redirect(to) }),
  ],
  feed: [
    'feed.xml',
    (to) => ({
      'feed.xml': xml(
        `<?xml version="1.0"?><rss version="2.0"><channel><title>c</title><item><title>e</title><enclosure url="${escaped(to)}" type="audio/mpeg" length="9"/></item></channel></rss>`,
      ),
    }),
  ],
  'JSON feed': [
    'feed.json',
    (to) => ({
      'feed.json': {
        headers: { 'content-type': 'application/feed+json' },
        body: JSON.stringify({
          version: 'https://jsonfeed.org/version/1.1',
          title: 'c',
          items: [{ id: '1', title: 'e', attachments: [{ url: to, mime_type: 'audio/mpeg' }] }],
        }),
      },
    }),
  ],
  variant: ['list.m3u8', (to) => ({ 'list.m3u8': playlist(`#EXT-X-STREAM-INF:BANDWIDTH=9000\n${to}\n`) })],
  'separate sound': [
    'list.m3u8',
    (to, here) => ({
      'list.m3u8': playlist(
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="${to}"\n#EXT-X-STREAM-INF:BANDWIDTH=9000,AUDIO="a",CODECS="avc1.4d401e,mp4a.40.2"\n${here}v.m3u8\n`,
      ),
      'v.m3u8': media(`#EXTINF:2,\n${here}f.ts`),
    }),
  ],
  fragment: ['list.m3u8', (to) => ({ 'list.m3u8': media(`#EXTINF:2,\n${to}`) })],
  'second fragment': [
    'list.m3u8',
    (to, here) => ({ 'list.m3u8': media(`#EXTINF:2,\n${here}f.ts\n#EXTINF:2,\n${to}`) }),
  ],
  'fragment that redirects': [
    'list.m3u8',
    (to, here) => ({ 'list.m3u8': media(`#EXTINF:2,\n${here}f.ts`), 'f.ts': redirect(to) }),
  ],
  key: [
    'list.m3u8',
    (to, here) => ({ 'list.m3u8': media(`#EXT-X-KEY:METHOD=AES-128,URI="${to}"\n#EXTINF:2,\n${here}f.ts`) }),
  ],
  'key that redirects': [
    'list.m3u8',
    (to, here) => ({
      'list.m3u8': media(`#EXT-X-KEY:METHOD=AES-128,URI="${here}key"\n#EXTINF:2,\n${here}f.ts`),
      key: redirect(to),
    }),
  ],
  'initialisation part': [
    'list.m3u8',
    (to, here) => ({ 'list.m3u8': media(`#EXT-X-MAP:URI="${to}"\n#EXTINF:2,\n${here}f.mp4`) }),
  ],
};

const direct = (engine: EngineName): Way => ({
  ...{ name: `${engine}: the address itself`, engine, start: null, downloads: false },
  site: () => () => video,
});

const waysOf = (
  engine: EngineName,
  table: Record<string, [start: string, make: Pages]>,
  downloads: boolean,
): Way[] =>
  Object.entries(table).map(([name, [start, make]]) => ({
    ...{ name: `${engine}: ${name}`, engine, start, downloads },
    site: pages(make),
  }));

const pick = (
  table: Record<string, [start: string, make: Pages]>,
  names: readonly string[],
): Record<string, [start: string, make: Pages]> =>
  Object.fromEntries(Object.entries(table).filter(([name]) => names.includes(name)));

export const HTTP_WAYS: readonly Way[] = [
  direct('http'),
  ...waysOf('http', LOOKED_UP, false),
  ...waysOf('http', FETCHED, true),
  {
    name: 'http: a later request redirects',
    engine: 'http',
    start: 'film.mp4',
    downloads: true,
    site: secondRequest,
  },
];

/** Those that its generic extractor knows, and its own ones. */
const YT_DLP_FETCHED: Record<string, [start: string, make: Pages]> = {
  ...pick(FETCHED, [
    'player',
    'player that redirects',
    'structured data',
    'open graph',
    'feed',
    'variant',
    'separate sound',
    'fragment',
    'fragment that redirects',
    'key',
    'initialisation part',
  ]),
  'DASH base': ['list.mpd', (to) => ({ 'list.mpd': dash(adaptation(`<BaseURL>${escaped(to)}</BaseURL>`)) })],
  'DASH segments': [
    'list.mpd',
    (to) => ({
      'list.mpd': dash(
        adaptation(
          `<SegmentList duration="2"><Initialization sourceURL="${escaped(to)}"/><SegmentURL media="${escaped(to)}"/></SegmentList>`,
        ),
      ),
    }),
  ],
  'subtitles and picture': [
    'page',
    (to, here) => ({
      page: html(
        `<meta property="og:image" content="${escaped(to)}"><video poster="${escaped(to)}"><source src="${here}f.mp4" type="video/mp4"><track kind=subtitles srclang=en src="${escaped(to)}"></video>`,
      ),
    }),
  ],
  'playlist for ffmpeg': [
    'list.m3u8',
    (to, here) => ({
      'list.m3u8': media(
        `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${here}key",KEYFORMAT="identity"\n#EXTINF:2,\n${to}`,
      ),
      key: { body: Buffer.alloc(16) },
    }),
  ],
};

/** A picture and subtitles are listed and never fetched: there is nothing that could be reached by them. */
export const NEVER_FETCHED = ['yt-dlp: subtitles and picture'];

export const YT_DLP_WAYS: readonly Way[] = [
  direct('yt-dlp'),
  ...waysOf(
    'yt-dlp',
    pick(LOOKED_UP, ['redirect 302', 'redirect 307', 'redirect by redirect', 'refresh in a page']),
    false,
  ),
  ...waysOf('yt-dlp', YT_DLP_FETCHED, true),
];

/** lux answers an address that it does not know by a request of its own. */
export const LUX_WAYS: readonly Way[] = [
  direct('lux'),
  ...waysOf('lux', pick(LOOKED_UP, ['redirect 302']), false),
];
