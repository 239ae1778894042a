import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPARED_ROWS } from '../wild/chromium.ts';

test('the README says how many answers are compared with Chromium', async () => {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const said = /(\d+) odd answers of servers/.exec(text)?.[1];
  assert.is(Number(said), COMPARED_ROWS.names + COMPARED_ROWS.framing);
});

test.run();
