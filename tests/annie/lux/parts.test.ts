import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressFile } from '#lib/annie/address-file.ts';
import { downloadArguments, LIST_ARGUMENTS } from '#lib/annie/lux/arguments.ts';
import { BarProgress } from '#lib/annie/lux/bar-progress.ts';
import { identify } from '#lib/annie/lux/locate.server.ts';
import { isLuxSite } from '#lib/annie/lux/sites.ts';

test('the address is read from a file, and is no argument', () => {
  const plan = { id: '-x', bytes: 1, parts: 1, needsFfmpeg: false };
  for (const argv of [LIST_ARGUMENTS, downloadArguments(plan, 'lux')])
    assert.equal(argv.slice(-2), ['-F', Object.keys(addressFile('--debug'))[0]]);
});

test('the sites of lux are recognised by their host', () => {
  for (const host of [
    'www.youtube.com',
    'youtu.be',
    'bilibili.com',
    'v.qq.com',
    'haokan.baidu.com',
    'twitter.com.',
    'www.pinterest.co.uk',
  ]) {
    assert.ok(isLuxSite(host), host);
  }
  for (const host of [
    'example.org',
    'youtube.evil.example',
    'qq',
    '127.0.0.1',
    'localhost',
    'baidu.com',
    'co.uk',
  ]) {
    assert.not(isLuxSite(host), host);
  }
});

test('the output of -v identifies the program and its generation', () => {
  assert.equal(identify('\nlux: version v0.24.1, A fast and simple video downloader.\n\n'), {
    version: '0.24.1',
    generation: 'lux',
  });
  assert.equal(identify('annie: version 0.10.3, A fast, simple and clean video downloader.'), {
    version: '0.10.3',
    generation: 'annie',
  });
  assert.is(
    identify('\u001b[36m\nannie: version 0.11.0, A fast, simple and clean video downloader.')?.generation,
    'lux',
  );
  assert.is(identify('Lux 1.21: brightness of your display'), null);
});

test('received bytes never fall or pass the exact total, and too many bytes are detected', () => {
  const sample = (receivedBytes: number) => ({
    receivedBytes,
    totalBytes: 1001,
    percent: 50,
    bytesPerSecond: 1,
    etaSeconds: 2,
  });
  const bar = new BarProgress(1000);
  assert.equal(bar.add(sample(500), 50), { ...sample(500), totalBytes: 1000, percent: null });
  assert.is(bar.add(sample(400), 40).receivedBytes, 500);
  assert.equal(bar.add(sample(1001), 100.1), { ...sample(1000), totalBytes: 1000, percent: null });
  assert.not(bar.overflowed);
  bar.add(sample(3000), 300);
  assert.ok(bar.overflowed);
});

test.run();
