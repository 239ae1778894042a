/**
 * The real yt-dlp with one more extractor, `SluiceTestTab`, as those of large sites are: a channel has tabs, a tab has lists
 * or videos, and entries say whether they can be had.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import type { YtDlpOptions } from '#lib/annie/yt-dlp/engine.ts';
import { YT_DLP_HOME } from '../../support/yt-dlp.ts';

/** Addresses: `/channel`, `/channel/videos` (230), `/channel/shorts` (3), `/channel/playlists`, `/channel/list-1`, `/channel/odd`. */
const PROGRAM = `
import sys
sys.dont_write_bytecode = True
import yt_dlp
from yt_dlp.extractor.common import InfoExtractor

class SluiceTestTabIE(InfoExtractor):
    _VALID_URL = r'(?P<base>http://127\\.0\\.0\\.1:\\d+)/channel(?:/(?P<id>[\\w-]+))?$'
    def video(self, base, name, n, **more):
        return self.url_result(f'{base}/{name}-{n}.mp4', 'Generic', f'{name}-{n}', more.pop('title', f'{name} {n}'), **more)
    def _real_extract(self, url):
        base, tab = self._match_valid_url(url).group('base', 'id')
        def listed(name, count):
            entries = [self.video(base, name, n) for n in range(1, count + 1)]
            return self.playlist_result(entries, 'the-channel', f'Channel - {name}', webpage_url=f'{base}/channel/{name}',
                extractor='SluiceTestTab', extractor_key='SluiceTestTab')
        if tab is None:
            return self.playlist_result([listed('videos', 230), listed('shorts', 3)], 'the-channel', 'Channel')
        if tab == 'playlists':
            lists = [self.url_result(f'{base}/channel/{name}', 'SluiceTestTab', name) for name in ('list-1', 'private', 'list-2')]
            return self.playlist_result(lists, 'the-channel', 'Channel - Playlists')
        if tab == 'private':
            self.raise_login_required('This is a private playlist')
        if tab == 'odd':
            return self.playlist_result([
                self.video(base, 'good', 1),
                self.video(base, 'soon', 2, live_status='is_upcoming'),
                self.video(base, 'x', 3, title='[Private video]'),
                self.video(base, 'x', 4, title='[Deleted video]'),
                self.video(base, 'member', 5, availability='subscriber_only'),
                self.video(base, 'good', 6),
                self.video(base, 'now', 7, live_status='is_live'),
            ], 'odd', 'Odd')
        return listed(tab, 230 if tab == 'videos' else 3)

plain = yt_dlp.YoutubeDL.add_default_info_extractors
def add(self):
    self.add_info_extractor(SluiceTestTabIE())
    plain(self)
yt_dlp.YoutubeDL.add_default_info_extractors = add
plain_get = yt_dlp.YoutubeDL.get_info_extractor
yt_dlp.YoutubeDL.get_info_extractor = lambda self, key: self._ies_instances.get(key) or plain_get(self, key)
yt_dlp.main()
`;

/** @param dir gets the program. @returns options of an engine, and `PATH` */
export async function withChannel(
  dir: string,
): Promise<Partial<YtDlpOptions> & { dataDir: string; path: string }> {
  const bin = join(dir, 'channel-bin');
  await mkdir(bin);
  const [python = ''] = locateInstalled(YT_DLP_HOME)?.command ?? [];
  await writeFile(join(bin, 'yt-dlp'), `#!${python}${PROGRAM}`, { mode: 0o755 });
  return { dataDir: dir, path: `${bin}:${process.env['PATH']}` };
}
