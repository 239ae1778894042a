/**
 * A stream that yt-dlp passes to ffmpeg (it does not support SAMPLE-AES itself) and that is so slow that ffmpeg
 * is still reading when the server is killed. An address on the test site, with the playlist in the query.
 */
export function slowStream(site: string): string {
  const segment = `${site}/file/segment.ts?size=50000000&rate=20000&type=video/mp2t`;
  const key = `${site}/text?body=0123456789abcdef`;
  const playlist = [
    '#EXTM3U',
    '#EXT-X-VERSION:5',
    '#EXT-X-TARGETDURATION:10',
    `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${key}"`,
    '#EXTINF:10,',
    segment,
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
  return `${site}/text?${new URLSearchParams({ type: 'application/vnd.apple.mpegurl', body: playlist })}`;
}
