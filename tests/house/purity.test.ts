import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, sources } from './source-tree.ts';

/** What touches the machine: processes, files, sockets, names, the database. Packages that open sockets too. */
const OS_MODULES = [
  'node:child_process',
  'node:cluster',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:sqlite',
  'node:tls',
  'undici',
  'ws',
];

const imports = sources('src/lib/**/*.{ts,svelte}').flatMap((path) => importsOf(path));
const lines = (found: typeof imports): string[] => found.map(({ from, to }) => `${from} imports ${to}`);
const isServerLeaf = (path: string): boolean => /\.server\.ts$/.test(path);

test('only files named *.server.ts touch the machine', () => {
  const offenders = imports.filter(
    ({ from, to, typeOnly }) => !typeOnly && OS_MODULES.includes(to) && !isServerLeaf(from),
  );
  assert.equal(lines(offenders), []);
});

test('actors are web-standard: no node: and no ws but in the embedded host', () => {
  const offenders = imports.filter(({ from, to }) => {
    const isHostLeaf = from.startsWith('src/lib/actors/durable/') && isServerLeaf(from);
    return from.startsWith('src/lib/actors/') && !isHostLeaf && (to.startsWith('node:') || to === 'ws');
  });
  assert.equal(lines(offenders), []);
});

test("readers of strangers' text have no way to touch anything: no node: but in their threads", () => {
  const offenders = imports.filter(
    ({ from, to }) => from.startsWith('src/lib/foreign/') && !isServerLeaf(from) && to.startsWith('node:'),
  );
  assert.equal(lines(offenders), []);
});

test('session and download never import a server leaf', () => {
  const offenders = imports.filter(
    ({ from, to }) => /^src\/lib\/actors\/(session|download)\//.test(from) && isServerLeaf(to),
  );
  assert.equal(lines(offenders), []);
});

test('what runs in the browser imports nothing of the server', () => {
  const offenders = imports.filter(
    ({ from, to }) =>
      /^src\/lib\/(ui\/|channel\/client|protocol\/|inspector\/(page|charts)\/)/.test(from) &&
      (isServerLeaf(to) || to.startsWith('node:')),
  );
  assert.equal(lines(offenders), []);
});

test.run();
