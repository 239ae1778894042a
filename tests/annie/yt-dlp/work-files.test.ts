import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LISTED_FILE, RESULT_FILE, PLAN_FILE } from '#lib/annie/yt-dlp/arguments.ts';
import { readListed } from '#lib/annie/yt-dlp/listed-check.server.ts';
import { clearReports, readPlan, readResult } from '#lib/annie/yt-dlp/work-files.server.ts';
import { withDir } from '../../process/machine.ts';

const found = (title: string): string =>
  `${JSON.stringify({ title, ext: 'mp4', filesize: null, parts: null })}\n`;

test('the last report of yt-dlp counts, and without a report there is none', () =>
  withDir(async (dir) => {
    assert.is(await readPlan(dir), null);
    assert.is(await readResult(dir), null);
    await writeFile(join(dir, PLAN_FILE), found('before') + found('now'));
    assert.is((await readPlan(dir))?.title, 'now');
  }));

test('only the end of a report is read: a title as long as a page is ignored, and the file is still found', () =>
  withDir(async (dir) => {
    await writeFile(join(dir, PLAN_FILE), found('t'.repeat(5_000_000)) + found('now'));
    assert.is((await readPlan(dir))?.title, 'now');
    await writeFile(join(dir, PLAN_FILE), found('t'.repeat(5_000_000)));
    assert.is(await readPlan(dir), null);
    await writeFile(join(dir, 'media.1.mp4'), 'bytes');
    await writeFile(join(dir, RESULT_FILE), `"media.1.mp4"\n`);
    assert.equal(await readResult(dir), {
      path: join(dir, 'media.1.mp4'),
      suggestedName: 'download.mp4',
      bytes: 5,
    });
  }));

test('of what was listed the newest counts, however many attempts there were, and it outlives the next one', () =>
  withDir(async (dir) => {
    const listed = (name: string, seconds: number) => ({ name, seconds, fragments: 3, rounded: false });
    const attempts = Array.from({ length: 2_000 }, (_, n) => [listed('video', n), listed('audio', n)]).flat();
    await writeFile(join(dir, LISTED_FILE), attempts.map((each) => `${JSON.stringify(each)}\n`).join(''));
    await clearReports(dir);
    const newest = await readListed(dir);
    assert.equal(newest.map(({ name, seconds }) => [name, seconds]).sort(), [
      ['audio', 1_999],
      ['video', 1_999],
    ]);
  }));

test('what was picked from a list is named by its title there, with the extension once', () =>
  withDir(async (dir) => {
    await writeFile(join(dir, PLAN_FILE), found('good-1'));
    await writeFile(join(dir, 'media.1.mp4'), 'bytes');
    await writeFile(join(dir, RESULT_FILE), `"media.1.mp4"\n`);
    for (const [listed, name] of [
      ['Episode 1', 'Episode 1.mp4'],
      ['clip.MP4', 'clip.MP4'],
      [undefined, 'good-1.mp4'],
    ] as const) {
      assert.is((await readResult(dir, listed))?.suggestedName, name);
    }
  }));

test.run();
