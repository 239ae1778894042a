/** How many cookies a job keeps, and how they are saved. */
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Cookies } from '#lib/annie/http/client/cookies.server.ts';
import { settles } from '../../support/wait.ts';
import { freshDir, removeDirs } from './kit.ts';

const SITE = 'https://a.example/';
const countOf = (cookies: Cookies, url: string): number =>
  cookies.headerFor(new URL(url))?.split('; ').length ?? 0;

test('a cookie of one name under a thousand paths is kept two hundred times', async () => {
  const dir = await freshDir();
  const cookies = new Cookies(dir);
  for (let i = 0; i < 1000; i++)
    await cookies.receive(new URL(SITE), [`n=${i}; Path=/${'x/'.repeat(i)}; Max-Age=1000`]);
  const deepest = SITE + 'x/'.repeat(1000);
  assert.is(countOf(cookies, deepest), 200);
  await cookies.saved();
  const loaded = await Cookies.load(dir);
  await loaded.receive(new URL(SITE), ['other=1; Path=/', 'n=new; Path=/']);
  assert.is(countOf(loaded, deepest), 200);
  assert.is(loaded.headerFor(new URL(SITE)), 'n=new');
});

test('a response does not wait for a disk, which gets what came meanwhile at once', async () => {
  const dir = await freshDir();
  const path = join(dir, 'cookies.json');
  // Nothing is written to it before somebody reads.
  await promisify(execFile)('mkfifo', [path]);
  const cookies = new Cookies(dir);
  const all = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await cookies.receive(new URL(SITE), [`n${i}=1`]);
  };
  await settles(all(), { what: 'cookies', deadlineMs: 5_000 });
  const reader = await open(path, 'r+');
  try {
    await settles(cookies.saved());
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(64 * 1024));
    const saves = buffer.toString('utf8', 0, bytesRead).split('"cookies":').slice(1);
    assert.equal(
      saves.map((text) => text.split('"key":').length - 1),
      [1, 20],
    );
  } finally {
    await reader.close();
  }
});

test.after(removeDirs);
test.run();
