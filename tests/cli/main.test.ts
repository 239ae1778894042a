import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sandbox as probed } from '../support/sandbox.ts';
import * as assert from 'uvu/assert';
import { makePlace, type Place } from '../support/server.ts';
import { sluice } from '../support/cli.ts';

const test = suite('command line');
let place: Place;
test.before(() => {
  place = makePlace();
});
test.after(() => place.remove());

for (const args of [
  [],
  ['nope'],
  ['get'],
  ['parse'],
  ['parse', 'a', 'b'],
  ['replay'],
  ['get', '--exec=touch x', 'http://example.com/'],
  ['get', '--engine', 'wget', 'http://example.com/'],
  ['get', 'http://example.com/', '--server', 'nowhere'],
  ['replay', 'x', '--rechunk', '0'],
  ['engines', 'install'],
  ['engines', 'install', 'wget'],
  ['serve', 'now'],
  ['help', 'nope'],
]) {
  test(`sluice ${args.join(' ')} is a usage error, with a hint`, async () => {
    const { code, stdout, stderr } = await sluice(args, { place });
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, args.length === 0 ? /sluice get/ : /^sluice: .+\nTry: sluice /);
  });
}

test('an address instead of a command gets the command to type', async () => {
  const { stderr } = await sluice(['https://example.com/a'], { place });
  assert.match(stderr, /sluice get https:\/\/example\.com\/a/);
});

test('help and version go to stdout with exit code 0', async () => {
  for (const args of [['--help'], ['help'], ['help', 'get'], ['get', '--help'], ['--version']]) {
    const { code, stdout, stderr } = await sluice(args, { place });
    assert.equal([code, stderr], [0, ''], args.join(' '));
    assert.match(stdout, args[0] === '--version' ? /^\d+\.\d+\.\d+\n$/ : /sluice get/);
  }
});

test('the options in a help text are aligned, and no line ends in blanks', async () => {
  for (const args of [['--help'], ['help', 'get'], ['help', 'engines'], ['help', 'serve']]) {
    const lines = (await sluice(args, { place })).stdout.split('\n');
    assert.equal(
      lines.filter((line) => /^--| $/.test(line)),
      [],
    );
  }
});

test('the engines are listed for people and for programs', async () => {
  const listed = await sluice(['engines'], { place });
  assert.is(listed.code, 0);
  assert.match(listed.stdout, /http +ready/);
  assert.match(listed.stdout, /^ {2}sandbox +(full \(bubblewrap|partial \(|limits only\. )/m);
  type Listed = { engines: { engine: string }[]; sandbox: { level: string } };
  const [{ engines, sandbox }] = (await sluice(['engines', '--json'], { place })).lines<Listed>() as [Listed];
  assert.is(engines[0]?.engine, 'http');
  // In particular: where bubblewrap can be used it is.
  assert.is(sandbox.level, probed.level);
});

test('a server that cannot be reached is reported, with exit code 1', async () => {
  const { code, stderr } = await sluice(['get', 'http://example.com/', '--server', 'http://127.0.0.1:9'], {
    place,
  });
  assert.is(code, 1);
  assert.match(stderr, /connect_failed/);
});

test('an address that cannot be fetched fails with exit code 1 and an error code, and prints no row', async () => {
  for (const [address, expected] of [
    ['file:///etc/passwd', 'unsupported_scheme'],
    ['nonsense', 'invalid_url'],
    ['http://10.0.0.1/', 'address_refused'],
  ]) {
    const { code, stdout, stderr } = await sluice(['get', address ?? ''], { place });
    assert.equal([code, stdout], [1, ''], address);
    assert.match(stderr, new RegExp(expected ?? ''));
  }
});

test('commands that need the key report a damaged one in one line, with the remedy', async () => {
  const damaged = makePlace();
  const key = join(damaged.dataDir, 'token.key');
  writeFileSync(key, 'short');
  for (const command of ['serve', 'operator']) {
    const { code, stderr } = await sluice([command], { place: damaged, env: { SLUICE_LOG_LEVEL: 'error' } });
    assert.equal(
      [code, stderr],
      [1, `sluice: ${key} is not a key of 32 bytes. Restore it, or remove it to end all sessions.\n`],
    );
  }
  damaged.remove();
});

test('a missing TMPDIR is reported in one line that names it', async () => {
  const TMPDIR = join(place.dir, 'gone');
  const { code, stderr } = await sluice(['get', 'http://127.0.0.1:9/'], { place, env: { TMPDIR } });
  assert.is(code, 1);
  assert.match(stderr, /^sluice: .*\/gone takes no temporary folder \(ENOENT\): set TMPDIR .*\n$/);
});

test.run();
