/** The bytes before a range are compared with those that were fetched, wherever a body is cut into chunks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FetchedRanges, RangeSum } from '#lib/annie/http/hls/fetched-ranges.ts';
import { contentPieces } from '../../site/content.ts';

const url = 'http://site.example/all.ts';
const content = Buffer.concat([...contentPieces(96, 0, 10_000)]);

async function fetched(ranges: readonly (readonly [number, number])[]): Promise<FetchedRanges> {
  const all = new FetchedRanges();
  for (const [start, end] of ranges) {
    const sum = new RangeSum();
    for await (const _ of sum.of(chunksOf(content.subarray(start, end), 300)));
    all.add(url, { start, ...sum.total });
  }
  return all;
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function isAccepted(ranges: FetchedRanges, body: Buffer, size: number): Promise<boolean> {
  const check = ranges.checkOf(url);
  for await (const chunk of chunksOf(body, size)) if (!check.push(chunk)) return false;
  return true;
}

const RANGES = [
  [5000, 6000],
  [1000, 2000],
  [2000, 4000],
  // of no bytes, and within another one: neither counts
  [3000, 3000],
  [5500, 5600],
] as const;

test('the same bytes are accepted, and those of another place are not', async () => {
  const ranges = await fetched(RANGES);
  for (const size of [1, 7, 999, 1000, 1001, 10_000]) {
    assert.ok(await isAccepted(ranges, content, size), `chunks of ${size}`);
    for (const shift of [1, 188, 5000])
      assert.not(
        await isAccepted(ranges, content.subarray(shift), size),
        `${shift} later, chunks of ${size}`,
      );
  }
});

test('one other byte is noticed in a fetched range, and nowhere else', async () => {
  const ranges = await fetched(RANGES);
  for (const [at, isFetched] of [
    [999, false],
    [1000, true],
    [1999, true],
    [3999, true],
    [4000, false],
    [4999, false],
    [5000, true],
    [5999, true],
    [6000, false],
  ] as const) {
    const body = Buffer.from(content);
    body[at] = (body[at] ?? 0) ^ 1;
    assert.is(await isAccepted(ranges, body, 512), !isFetched, `byte ${at}`);
  }
});

test('nothing is known of a file of another address, or once it is forgotten', async () => {
  const ranges = await fetched(RANGES);
  assert.ok(ranges.checkOf(`${url}?other`).push(content.subarray(500)));
  ranges.forget();
  assert.ok(ranges.checkOf(url).push(content.subarray(500)));
});

test.run();
