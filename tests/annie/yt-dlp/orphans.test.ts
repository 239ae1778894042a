import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import { mediaMissing } from '../../site/media.ts';
import { startSite } from '../../site/site.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { marked, noProc, withDir } from '../../process/machine.ts';
import { readyYtDlp } from './ready.ts';

const { dataDir, reason } = await readyYtDlp();
const program = join(import.meta.dirname, '../../process/host-program.ts');

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
};

testUnless(
  test,
  reason ?? mediaMissing ?? noProc,
  'after kill -9 of the server neither yt-dlp nor its ffmpeg is alive',
  () =>
    withDir(async (dir) => {
      const site = await startSite();
      // For a live stream yt-dlp starts an ffmpeg, which a signal to yt-dlp alone does not end.
      const live = [
        ...locateInstalled(dataDir!)!.command,
        '--ignore-config',
        '-f',
        'b',
        '-o',
        'x.mp4',
        '--',
        `${site.url}/live/ts/high.m3u8`,
      ];
      const child = spawn(process.execPath, ['-C', 'development', program, dir, JSON.stringify(live)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const words = (await settles(once(child.stdout, 'data'))) as [Buffer];
        const instance = words[0].toString().trim().split(' ')[1] ?? '';
        await waitFor(() => marked(instance).some((pid) => commandOf(pid).includes('ffmpeg')), {
          what: 'yt-dlp to start ffmpeg',
          deadlineMs: 60_000,
        });
        assert.ok(marked(instance).length >= 2);
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
        await waitFor(() => marked(instance).length === 0, { what: 'the watcher to end both' });
      } finally {
        child.kill('SIGKILL');
        await site.close();
      }
    }),
);

test.run();
