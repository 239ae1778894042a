/**
 * `npm run build`: the page and its handler into build/web (SvelteKit), the server and command into build/cli.js (one
 * bundle, which starts much faster than hundreds of small files) and its worker threads beside it.
 * `--if-stale` does nothing when the sources are those of the last build.
 */
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';
import { createBuilder } from 'vite';
import { isStale, sourceHash, STAMP } from '../bin/stamp.js';
import { withLock } from './tools/build-lock.ts';

const root = join(import.meta.dirname, '..');

async function buildWeb(): Promise<void> {
  // As `vite build` sets it, before anything reads it.
  process.env['NODE_ENV'] = 'production';
  process.chdir(root);
  // null, as the command does: Kit decides which environments there are to build.
  const builder = await createBuilder({ root, logLevel: 'warn' }, null);
  await builder.buildApp();
}

/** Worker threads are started from files beside cli.js. Bundled without shared chunks, they take less memory. */
async function buildProcess(): Promise<void> {
  await buildBundle({
    cli: join(root, 'src/cli.ts'),
    'sha-256-worker': join(root, 'src/lib/files/check/sha-256-worker.server.ts'),
  });
  await buildBundle({ 'foreign-reader': join(root, 'src/lib/foreign/pool/reader.server.ts') });
  await buildBundle({ 'store-worker': join(root, 'src/lib/actors/durable/store-worker.server.ts') });
  await buildBundle({ 'watchdog-thread': join(root, 'src/server/watchdog-thread.ts') });
  copyPrograms();
}

/** Programs that engines start are copied. Their mode is set, as not every checkout keeps it. */
function copyPrograms(): void {
  mkdirSync(join(root, 'build/ffmpeg'));
  for (const name of ['ffmpeg', 'ffprobe']) {
    const path = join(root, 'build/ffmpeg', name);
    copyFileSync(join(root, 'src/lib/annie/ffmpeg/bin', name), path);
    chmodSync(path, 0o755);
  }
  // Read as text by `programText`.
  mkdirSync(join(root, 'build/programs'));
  for (const path of globSync('src/lib/**/*.{sh,py}', { cwd: root })) {
    copyFileSync(join(root, path), join(root, 'build/programs', basename(path)));
  }
}

async function buildBundle(input: Record<string, string>): Promise<void> {
  const bundle = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    // The page's handler is loaded at run time; ws looks for two native helpers that we do not use.
    external: [/\/web\/handler\.js$/, 'bufferutil', 'utf-8-validate'],
    // An import that leads nowhere would only be a warning, and the bundle would break when it is run.
    onLog(level, log, pass) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      pass(level, log);
    },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  await bundle.write({
    dir: join(root, 'build'),
    format: 'esm',
    // Beside cli.js, from where relative paths are resolved (src/server/page.ts).
    chunkFileNames: '[name]-[hash].js',
    // V8 keeps the sources: with one character beyond Latin-1 a file takes two bytes for each. Comments are for the sources.
    charset: 'ascii',
    comments: { legal: true, annotation: false, jsdoc: false },
    sourcemap: true,
  });
  await bundle.close();
}

await withLock(join(root, 'node_modules/.cache/sluice-build.lock'), async () => {
  if (process.argv.includes('--if-stale') && !isStale(root)) return;
  const startedAt = performance.now();
  // Hashed before the build: a source that changes meanwhile makes this build stale.
  const hash = sourceHash(root);
  rmSync(join(root, 'build'), { recursive: true, force: true });
  mkdirSync(join(root, 'build'), { recursive: true });
  console.log('  the page …');
  await buildWeb();
  console.log('  the server and the command …');
  await buildProcess();
  writeFileSync(join(root, STAMP), hash);
  console.log(`  built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
});
// The compiler of the texts leaves timers of 30 s behind, which nobody needs any more.
process.exit();
