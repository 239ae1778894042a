import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { treeOf } from '#lib/process/process-tree.server.ts';
import { baseArguments, PRIVATE_TMP, runArguments } from '#lib/process/sandbox/bwrap-arguments.ts';
import {
  programPaths,
  pythonPaths,
  scriptPaths,
  systemPaths,
} from '#lib/process/sandbox/readable-paths.server.ts';
import { describeSandbox } from '#lib/process/sandbox/sandbox.ts';
import { noProc, withDir } from '../machine.ts';
import { testUnless } from '../../support/skip.ts';

const sandbox = { bwrap: '/usr/bin/bwrap', base: ['--base'], places: [{ path: '/usr', linkTo: null }] };

test('what lies in a place that is there already is not mounted again', () => {
  const reads = ['/usr/bin/x', '/opt/a', '/opt/a', '/opt/a/b', '/opt/ab', '/usr', '/usr2'];
  const argv = runArguments(sandbox, { cwd: '/job', reads, kept: ['/job/owner.json'] });
  assert.is(
    argv.join(' '),
    '/usr/bin/bwrap --base --ro-bind /opt/a /opt/a --ro-bind /opt/ab /opt/ab --ro-bind /usr2 /usr2 ' +
      '--bind /job /job --ro-bind /job/owner.json /job/owner.json --remount-ro / --chdir /job',
  );
});

test('links of the system remain links, and the folder is the only one that is mounted to be written', () => {
  const argv = baseArguments(
    [
      { path: '/usr', linkTo: null },
      { path: '/bin', linkTo: 'usr/bin' },
    ],
    true,
  ).join(' ');
  assert.is(
    argv,
    '--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup-try --disable-userns ' +
      '--die-with-parent --cap-drop ALL --hostname sluice --ro-bind /usr /usr --symlink usr/bin /bin ' +
      '--proc /proc --dev /dev --size 16777216 --tmpfs /dev/shm --remount-ro /dev ' +
      `--size 67108864 --perms 1777 --tmpfs ${PRIVATE_TMP}`,
  );
  assert.not.match(baseArguments([], false).join(' '), '--disable-userns');
});

test('of /etc only what programs need is there, without keys', () => {
  const etc = systemPaths().filter(({ path }) => path.startsWith('/etc'));
  for (const { path } of etc)
    assert.not.ok(['/etc', '/etc/ssl', '/etc/pki', '/etc/ssl/private'].includes(path), path);
});

test('a script of Python has to read its interpreter, that one’s environment and modules', () =>
  withDir(async (root) => {
    const dir = await realpath(root);
    const [base, venv, bin] = [join(dir, 'base'), join(dir, 'venv'), join(dir, 'bin')];
    for (const path of [join(base, 'bin'), join(base, 'lib'), join(venv, 'bin'), bin])
      await mkdir(path, { recursive: true });
    const python = join(base, 'bin/python3.11');
    await writeFile(python, '', { mode: 0o755 });
    await symlink(python, join(venv, 'bin/python'));
    await writeFile(join(venv, 'pyvenv.cfg'), `home = ${join(base, 'bin')}\n`);
    await writeFile(join(venv, 'bin/tool'), `#!${join(venv, 'bin/python')} -I\n`, { mode: 0o755 });
    await symlink(join(venv, 'bin/tool'), join(bin, 'tool'));
    const places = scriptPaths(join(bin, 'tool'));
    for (const path of [join(bin, 'tool'), join(venv, 'bin/tool'), venv, python, join(base, 'lib')])
      assert.ok(places.includes(path), path);
    assert.not.ok(places.includes(dir) || places.includes(bin));
    // Without blanks, as some tools write it: the modules are those of the Python that the environment was made from.
    const other = join(dir, 'other');
    await mkdir(join(other, 'lib'), { recursive: true });
    await writeFile(join(venv, 'pyvenv.cfg'), `home=${join(other, 'bin')}\n`);
    assert.ok(pythonPaths(join(venv, 'bin/python')).includes(join(other, 'lib')));
    assert.equal(scriptPaths(python), [python]);
    assert.equal(programPaths(join(bin, 'none')), []);
    assert.equal(pythonPaths(join(bin, 'none')), []);
  }));

test('a level is said with its reason and its remedy', () => {
  const shortcoming = { reason: 'A is not installed.', remedy: 'Type: b' };
  assert.is(describeSandbox({ level: 'limits', ...shortcoming }), 'limits only. A is not installed. Type: b');
  assert.is(
    describeSandbox({ level: 'limits', ...shortcoming, remedy: null }),
    'limits only. A is not installed.',
  );
  assert.match(
    describeSandbox({ level: 'partial', ...shortcoming, python: '', pythonReads: [], places: [] }),
    /^partial \(Landlock and seccomp\)\. A is not installed\. Type: b$/,
  );
});

testUnless(test, noProc, 'a tree begins with its root, and has no process twice', () => {
  const tree = treeOf(process.ppid);
  assert.is(tree[0], process.ppid);
  assert.ok(tree.includes(process.pid));
  assert.is(new Set(tree).size, tree.length);
  assert.equal(treeOf(2 ** 30), [2 ** 30]);
});

test.run();
