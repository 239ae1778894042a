#!/usr/bin/env node
// The launcher: finds a Node that can run Sluice, builds a checkout that is stale, and hands over to build/cli.js.
// Plain JS without dependencies, because it may be started by an older Node than Sluice itself needs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { flagsFor } from './v8-flags.js';
import { isStale } from './stamp.js';

const NEEDED_NODE = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'build', 'cli.js');
const isNewEnough = Number(process.versions.node.split('.')[0]) >= NEEDED_NODE;

const args = process.argv.slice(2);
const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')];
const flags = flagsFor(args, options);

const node = isNewEnough ? process.execPath : findPinnedNode();
if (node === null) {
  fail(
    `Sluice needs Node ${NEEDED_NODE}; this is ${process.versions.node}, and the copy that npm installs with Sluice is ` +
      `missing. Run: cd ${root} && npm install && npm rebuild node`,
  );
}
// Only a checkout has sources; an installed package is built already.
if (existsSync(join(root, 'src')) && isStale(root)) build(node);
if (!existsSync(cli)) fail(`There is no build in ${join(root, 'build')}. Run: cd ${root} && npm run build`);

if (!isNewEnough) handOver(node);
else if (flags.length > 0 && process.execve) startAgain();
else await import(pathToFileURL(cli).href);

/** As the same process: V8 takes these flags only at its start. It costs 20 of 210 ms; Windows cannot, and does without. */
function startAgain() {
  process.execve(node, [node, ...process.execArgv, ...flags, cli, ...args], process.env);
}

/** The package `node`, beside us or wherever npm has put it. */
function findPinnedNode() {
  const require = createRequire(import.meta.url);
  try {
    const home = dirname(require.resolve('node/package.json'));
    const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

/** @param {string} node */
function build(node) {
  process.stderr.write('Building Sluice (once; again only when its sources change) …\n');
  const { status, signal } = spawnSync(node, [join(root, 'scripts', 'build.ts'), '--if-stale'], {
    cwd: root,
    // Progress goes to stderr: stdout belongs to the command.
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail(`The build failed (${status ?? signal}).`);
}

/**
 * Runs the command in another Node as if it were this process: same terminal, same signals, same end.
 * @param {string} node
 */
function handOver(node) {
  // The channel closes when this process ends, however it does: the child stops then (src/cli/launcher.ts).
  const child = spawn(node, [...flags, cli, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`sluice: ${message}\n`);
  process.exit(1);
}
