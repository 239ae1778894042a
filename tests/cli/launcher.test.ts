import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SERVE_FLAGS } from '../../bin/v8-flags.js';
import { isStale, sourceHash, STAMP } from '../../bin/stamp.js';
import { findProgram } from '#lib/process/find-program.server.ts';
import { PROJECT } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const test = suite<{ root: string }>('launcher');

/** A small checkout whose "build" prints which Node runs it, and with which flags and arguments. */
test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
  cpSync(join(PROJECT, 'bin'), join(context.root, 'bin'), { recursive: true });
  writeFileSync(join(context.root, 'package.json'), '{"type":"module"}');
  mkdirSync(join(context.root, 'build'));
  writeFileSync(
    join(context.root, 'build/cli.js'),
    `console.log(JSON.stringify({
       node: process.versions.node,
       args: process.argv.slice(2),
       flags: process.execArgv,
       pid: process.pid,
     }));
     process.exit(7);`,
  );
  mkdirSync(join(context.root, 'src'));
  writeFileSync(join(context.root, 'src/a.ts'), 'one');
  mkdirSync(join(context.root, 'scripts'));
  writeFileSync(
    join(context.root, 'scripts/build.ts'),
    `import { writeFileSync } from 'node:fs';
     import { sourceHash } from '../bin/stamp.js';
     writeFileSync('build/stamp', sourceHash(process.cwd()));
     console.log('built');`,
  );
});
test.after.each(({ root }) => rmSync(root, { recursive: true }));

function launch(root: string, node: string | null = process.execPath, args = ['one', '--two'], env = {}) {
  return spawnSync(node ?? '', [join(root, 'bin/sluice.js'), ...args], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

test('it builds a checkout once, and again when a source changes, but not when only its mtime does', ({
  root,
}) => {
  const builds = () => /built/.test(launch(root).stderr);
  assert.equal([builds(), builds()], [true, false]);
  utimesSync(join(root, 'src/a.ts'), new Date(0), new Date(0));
  assert.is(builds(), false);
  writeFileSync(join(root, 'src/a.ts'), 'two');
  assert.equal([builds(), builds()], [true, false]);
  rmSync(join(root, 'src/a.ts'));
  writeFileSync(join(root, 'src/b.ts'), 'two');
  assert.is(builds(), true);
});

test('build output goes to stderr; arguments and the exit code are passed through', ({ root }) => {
  const { stdout, stderr, status } = launch(root);
  assert.equal((JSON.parse(stdout) as { args: string[] }).args, ['one', '--two']);
  assert.match(stderr, /Building Sluice/);
  assert.is(status, 7);
});

test('only `serve` gets V8 flags, in the same process', ({ root }) => {
  const { pid, stdout, stderr, status } = launch(root, process.execPath, ['serve', '--two']);
  const launched = JSON.parse(stdout) as { args: string[]; flags: string[]; pid: number };
  assert.equal([launched.args, launched.pid, status], [['serve', '--two'], pid, 7]);
  for (const flag of SERVE_FLAGS) assert.ok(launched.flags.includes(flag), flag);
  assert.match(stderr, /^Building Sluice[^\n]*\nbuilt\n$/);
  assert.equal((JSON.parse(launch(root).stdout) as { flags: string[] }).flags, []);
});

test('Node flags set by the user are left alone', ({ root }) => {
  const env = { NODE_OPTIONS: '--max-semi-space-size=32' };
  const { stdout } = launch(root, process.execPath, ['serve'], env);
  assert.equal((JSON.parse(stdout) as { flags: string[] }).flags, []);
});

test('an installed package, without sources, is never built', ({ root }) => {
  rmSync(join(root, 'src'), { recursive: true });
  assert.is(launch(root).stderr, '');
});

test('a failed build stops it', ({ root }) => {
  writeFileSync(join(root, 'scripts/build.ts'), 'process.exit(3);');
  const { status, stdout, stderr } = launch(root);
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /The build failed/);
});

test('the stamp covers names and contents of sources, and nothing that a build writes', ({ root }) => {
  const before = sourceHash(root);
  mkdirSync(join(root, 'src/lib/paraglide'), { recursive: true });
  writeFileSync(join(root, 'src/lib/paraglide/made.js'), 'made');
  assert.is(sourceHash(root), before);
  assert.is(isStale(root), true);
  writeFileSync(join(root, STAMP), before);
  assert.is(isStale(root), false);
  assert.is(readFileSync(join(root, STAMP), 'utf8'), before);
});

/** The first Node on PATH that is too old to run Sluice itself. */
const oldNode =
  ['/usr/bin/node', '/usr/local/bin/node', findProgram('node', process.env['PATH']) ?? ''].find(isOld) ??
  null;

function isOld(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /^v2[0-3]\./.test(stdout ?? '');
}

testUnless(
  test as never,
  oldNode === null ? 'no Node 20 to 23 on this machine: apt-get install -y nodejs' : null,
  'an older Node starts the one that npm installed, or says how to get it',
  () => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-old-'));
    try {
      cpSync(join(PROJECT, 'bin'), join(root, 'bin'), { recursive: true });
      writeFileSync(join(root, 'package.json'), '{"type":"module"}');
      mkdirSync(join(root, 'build'));
      writeFileSync(
        join(root, 'build/cli.js'),
        'console.log(process.versions.node, ...process.execArgv); process.exit(7);',
      );
      const without = launch(root, oldNode);
      assert.is(without.status, 1);
      assert.match(without.stderr, /needs Node 24.*npm install/);
      mkdirSync(join(root, 'node_modules'));
      symlinkSync(join(PROJECT, 'node_modules/node'), join(root, 'node_modules/node'));
      const { status, stdout } = launch(root, oldNode, ['serve']);
      assert.equal([status, stdout.trim()], [7, [process.versions.node, ...SERVE_FLAGS].join(' ')]);
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);

test.run();
