/** A yt-dlp on PATH that has no pycryptodomex, as those of distributions: it leaves encrypted HLS to ffmpeg. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import type { YtDlpOptions } from '#lib/annie/yt-dlp/engine.ts';
import { dataDir } from './fixture.ts';

export async function withoutCrypto(dir: string): Promise<Partial<YtDlpOptions>> {
  const bin = join(dir, 'bin');
  await mkdir(bin);
  const [python = ''] = locateInstalled(dataDir ?? '')?.command ?? [];
  const program = [
    `#!${python}`,
    'import sys',
    "sys.modules['Cryptodome'] = sys.modules['Crypto'] = None",
    'import yt_dlp',
    'yt_dlp.main()',
  ];
  await writeFile(join(bin, 'yt-dlp'), `${program.join('\n')}\n`, { mode: 0o755 });
  return { dataDir: dir, path: `${bin}:${process.env['PATH']}` };
}
