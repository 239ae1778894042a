import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRenderedPath } from '#lib/channel/front.server.ts';

const STATIC = join(import.meta.dirname, '../../static');

test('all but files and the API is a page, also with a dot in its name: it is rendered to say that there is none', () => {
  for (const path of [
    '/',
    '/inspector',
    '/link/x',
    '/a.txt',
    '/index.html',
    '/x/favicon.svg',
    '/_app',
    '/apis',
  ])
    assert.ok(isRenderedPath(path), path);
  for (const path of ['/api/downloads', '/api/x.y', '/healthz', '/_app/immutable/x.js'])
    assert.not(isRenderedPath(path), path);
});

test('every file of the page counts as one', () => {
  for (const name of readdirSync(STATIC)) assert.not(isRenderedPath(`/${name}`), name);
});

test.run();
