/** Servers behind one name that give the same bytes other ETags: what one connection has is never lost to another one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { honest, type OddFile } from '../../site/odd-origin.ts';
import { freshDir } from './kit.ts';
import { openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
const file: OddFile = { seed: 66, size: 40 * MiB, etag: '"v1"' };
const { serve, outcome, requestsFor, close } = await openOddKit();
test.after(close);

test('a later connection that meets another ETag costs those before it nothing', async () => {
  const url = serve((request) => {
    const version = request.count <= 3 ? file : { ...file, etag: '"v2"' };
    // The first one ends before the second, and takes a part of what that one has left.
    return { ...honest(version, request), bytesPerSecond: request.count <= 2 ? 10 * MiB : 2 * MiB };
  });
  assert.is(await outcome(url, await freshDir(), file, { maxConnections: 4 }), 'the file');
  const fromStart = requestsFor(url).filter(({ from, ifRange }) => from === 0 && ifRange === null);
  assert.is(fromStart.length, 1, JSON.stringify(requestsFor(url)));
});

test.run();
