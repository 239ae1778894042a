/** Files that a hostile site could send as a "video" to make ffmpeg open a local file. */

export interface Secret {
  /** Absolute paths of the same video. */
  mp4: string;
  ts: string;
}

const END = '#EXT-X-ENDLIST\n';
const playlist = (lines: string): string => `#EXTM3U\n#EXT-X-TARGETDURATION:10\n${lines}\n${END}`;

/** The three forms that are known to work, or to be tried. */
export function hostileForms({ mp4, ts }: Secret): Record<'m3u8' | 'mpd' | 'ffconcat', string> {
  return {
    m3u8: playlist(`#EXTINF:2,\nfile://${ts}`),
    mpd:
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" ' +
      'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="video" ' +
      'mimeType="video/mp4"><Representation id="1" bandwidth="9000" codecs="avc1.4d401e" width="640" height="360">' +
      `<BaseURL>file://${mp4}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    ffconcat: `ffconcat version 1.0\nfile ${mp4}\n`,
  };
}

/**
 * Those and similar ones, by file name.
 * @param beside name of a file in the same folder, which ffconcat may name
 */
export function hostileFiles(secret: Secret, beside: string): Record<string, string | Uint8Array> {
  const { m3u8, mpd, ffconcat } = hostileForms(secret);
  const { mp4, ts } = secret;
  const tag = Buffer.from([...Buffer.from('ID3'), 3, 0, 0, 0, 0, 0, 16, ...Buffer.alloc(16)]);
  return {
    'm3u8.mp4': m3u8,
    'm3u8.ts': m3u8,
    'm3u8.m4a': m3u8,
    'm3u8.webm': m3u8,
    'm3u8.m3u8': m3u8,
    m3u8: m3u8,
    'bom.mp4': `\ufeff${m3u8}`,
    'crlf.mp4': m3u8.replaceAll('\n', '\r\n'),
    'blanks.mp4': `  \n${m3u8}`,
    'utf-16.mp4': Buffer.from(`\ufeff${m3u8}`, 'utf16le'),
    'path.mp4': playlist(`#EXTINF:2,\n${ts}`),
    'map.mp4': playlist(`#EXT-X-MAP:URI="file://${mp4}"\n#EXTINF:2,\nfile://${ts}`),
    'key.mp4': playlist(`#EXT-X-KEY:METHOD=AES-128,URI="file://${mp4}"\n#EXTINF:2,\n${beside}`),
    'range.mp4': playlist(`#EXTINF:2,\n#EXT-X-BYTERANGE:9400@0\n${ts}`),
    'master.mp4': `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nm3u8.m3u8\n`,
    'mpd.mp4': mpd,
    'mpd.webm': mpd,
    'mpd-bom.mp4': `\ufeff${mpd}`,
    'ffconcat.mp4': ffconcat,
    'ffconcat-unsafe.mp4': `ffconcat version 1.0\nfile 'file:${mp4}'\noption safe 0\n`,
    'ffconcat-beside.mp4': `ffconcat version 1.0\nfile ${beside}\n`,
    'ffconcat-id3.mp3': Buffer.concat([tag, Buffer.from(`ffconcat version 1.0\nfile ${beside}\n`)]),
    'sdp.mp4': 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n',
    'imf.mp4':
      '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>\n',
    'vobsub.idx': '# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 000000000\n',
    'sbg.mp4': 'SBAGEN\n-SE\n',
  };
}

/**
 * The address of a DASH manifest on the test site, with `video` as the content of its video and real audio.
 * @param site the site's address
 */
export function manifestWith(site: string, video: string): string {
  const text = (type: string, body: string): string =>
    `${site}/text?type=${encodeURIComponent(type)}&body=${encodeURIComponent(body)}`;
  const track = (kind: string, codecs: string, url: string): string =>
    `<AdaptationSet contentType="${kind}" mimeType="${kind}/mp4"><Representation id="${kind}" bandwidth="9000" ` +
    `codecs="${codecs}"><BaseURL>${url.replaceAll('&', '&amp;')}</BaseURL></Representation></AdaptationSet>`;
  return text(
    'application/dash+xml',
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"><Period>' +
      track('video', 'avc1.4d401e', text('video/mp4', video)) +
      track('audio', 'mp4a.40.2', `${site}/media/clip.mp4`) +
      '</Period></MPD>',
  );
}
