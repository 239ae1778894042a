import { test } from 'uvu';
import * as assert from 'uvu/assert';
import ts from 'typescript';
import { importsOf, read, sources } from './source-tree.ts';

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

test("readers of strangers' text have no way to touch anything: no node: but in their processes", () => {
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

const isFiles = (path: string): boolean => path.startsWith('src/lib/files/');

/** Calls, templates and sums that put something behind the download dir. */
function joinsOfDownloadDir(path: string, source = read(path)): string[] {
  const found: string[] = [];
  const isDownloadDir = (node: ts.Node): boolean => /\bdownload_?(dir|folder)$/i.test(node.getText());
  const visit = (node: ts.Node): void => {
    const isJoin =
      (ts.isCallExpression(node) &&
        /\b(join|resolve|normalize|open)$/.test(node.expression.getText()) &&
        node.arguments.some(isDownloadDir)) ||
      (ts.isTemplateSpan(node) && isDownloadDir(node.expression) && /^[\\/]/.test(node.literal.text)) ||
      (ts.isBinaryExpression(node) &&
        node.operatorToken.kind === ts.SyntaxKind.PlusToken &&
        isDownloadDir(node.left));
    if (isJoin) found.push(`${path}: ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true));
  return found;
}

test('only files joins paths below the download dir', () => {
  const others = sources('src/**/*.ts').filter((path) => !isFiles(path));
  assert.equal(
    others.flatMap((path) => joinsOfDownloadDir(path)),
    [],
  );
  // Elsewhere it is configured and handed on.
  const named = others.filter((path) => /\bdownloadDir\b/.test(read(path)));
  assert.equal(
    named.filter((path) => !/^src\/(cli|server)\//.test(path)),
    ['src/lib/runner/runner.ts'],
  );
});

test('the search for joins of the download dir finds each kind', () => {
  const code =
    'join(config.downloadDir, name); open(`${downloadDir}/x`); downloadDir + name; resolve(cwd, dir);';
  assert.is(joinsOfDownloadDir('x.ts', code).length, 3);
});

test.run();
