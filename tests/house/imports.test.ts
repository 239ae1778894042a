import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findCycle, type Import, importsOf, read, sources } from './source-tree.ts';

/** The stairs of ARCHITECTURE.md: each floor, and the floors it may stand on. The longest prefix wins. */
const FLOORS: Record<string, string[]> = {
  'src/lib/protocol/': [],
  'src/lib/foreign/': ['src/lib/protocol/'],
  'src/lib/foreign/pool/': ['src/lib/protocol/', 'src/lib/foreign/', 'src/lib/process/'],
  'src/lib/guard/': ['src/lib/protocol/'],
  'src/lib/quota/': ['src/lib/protocol/'],
  'src/lib/process/': ['src/lib/protocol/', 'src/lib/foreign/'],
  'src/lib/files/': ['src/lib/protocol/'],
  'src/lib/annie/': [
    'src/lib/protocol/',
    'src/lib/foreign/',
    'src/lib/guard/',
    'src/lib/process/',
    'src/lib/files/',
  ],
  'src/lib/runner/': ['src/lib/protocol/', 'src/lib/files/', 'src/lib/annie/'],
  'src/lib/replay/': ['src/lib/protocol/', 'src/lib/annie/'],
  'src/lib/actors/': ['src/lib/protocol/'],
  'src/lib/secrets/': ['src/lib/protocol/'],
  'src/lib/channel/': [
    'src/lib/protocol/',
    'src/lib/quota/',
    'src/lib/files/',
    'src/lib/actors/',
    'src/lib/secrets/',
  ],
  'src/lib/channel/client/': ['src/lib/protocol/'],
  'src/lib/inspector/': [
    'src/lib/protocol/',
    'src/lib/process/',
    'src/lib/quota/',
    'src/lib/runner/',
    'src/lib/actors/',
    'src/lib/channel/',
    'src/lib/inspector/charts/',
  ],
  'src/lib/inspector/charts/': ['src/lib/protocol/'],
  'src/lib/inspector/page/': [
    'src/lib/protocol/',
    'src/lib/channel/client/',
    'src/lib/ui/',
    'src/lib/paraglide/',
    'src/lib/inspector/charts/',
  ],
  'src/lib/paraglide/': [],
  'src/lib/watchdog/': [],
  'src/lib/ui/': ['src/lib/protocol/', 'src/lib/channel/client/', 'src/lib/paraglide/'],
};

const files = sources('src/**/*.{ts,svelte}');
const imports = files.flatMap((path) => importsOf(path));
const inside = (dir: string) => (path: string) => path.startsWith(dir);

function floorOf(path: string): string | null {
  const floors = Object.keys(FLOORS).filter((floor) => path.startsWith(floor));
  return floors.sort((a, b) => b.length - a.length)[0] ?? null;
}

function say(offenders: Import[]): string[] {
  return offenders.map(({ from, to }) => `${from} imports ${to}`);
}

test('every folder under src/lib has its place on the stairs', () => {
  assert.equal(
    files.filter((path) => path.startsWith('src/lib/') && floorOf(path) === null),
    [],
  );
});

test('imports go down the stairs only', () => {
  const offenders = imports.filter(({ from, to, own }) => {
    const floor = floorOf(from);
    const target = floorOf(to);
    if (!own || floor === null || floor === target) return false;
    return target === null || !FLOORS[floor]?.includes(target);
  });
  assert.equal(say(offenders), []);
});

test('ARCHITECTURE.md lists what each folder imports, and nothing else', () => {
  const listed = [...read('ARCHITECTURE.md').matchAll(/^([\w/]+) +→ ([\w/, ]+)$/gm)].map(
    ([, from, to]) => `${from} → ${to?.split(', ').sort().join(', ')}`,
  );
  const found = new Map<string, Set<string>>();
  const floorName = (path: string): string | null => floorOf(path)?.slice('src/lib/'.length, -1) ?? null;
  for (const { from, to, own } of imports) {
    const [above, below] = own ? [floorName(from), floorName(to)] : [null, null];
    if (above === null || below === null || above === below) continue;
    if (below === 'protocol' || below === 'paraglide') continue;
    found.set(above, (found.get(above) ?? new Set()).add(below));
  }
  const real = [...found].map(([from, to]) => `${from} → ${[...to].sort().join(', ')}`);
  assert.equal(listed.sort(), real.sort());
});

/** What of `foreign` the server's process may run: none of it reads a text. */
const IN_THE_MAIN_THREAD = [
  'distinct-qualities.ts',
  'serialized-error.ts',
  'gathered-bytes.ts',
  'limits.ts',
  'listed-items.ts',
  'page/groups.ts',
  'playlist/fragments.ts',
  'port.ts',
  'pool/reader-pool.server.ts',
  'yt-dlp/item-url.ts',
  'yt-dlp/presets.ts',
].map((name) => `src/lib/foreign/${name}`);

test("what reads strangers' text is never called in the server's process: all others take its types, and the pool", () => {
  const direct = imports.filter(
    ({ from, to, typeOnly }) =>
      !typeOnly &&
      !inside('src/lib/foreign/')(from) &&
      inside('src/lib/foreign/')(to) &&
      !IN_THE_MAIN_THREAD.includes(to),
  );
  assert.equal(say(direct), []);
});

test('what the server takes of foreign leads to no reader', () => {
  const reached = new Set(IN_THE_MAIN_THREAD);
  for (const path of reached)
    for (const { from, to, own, typeOnly } of imports) if (from === path && own && !typeOnly) reached.add(to);
  const readers = importsOf('src/lib/foreign/readers.ts').map(({ to }) => to);
  assert.equal(
    readers.filter((path) => reached.has(path)),
    [],
  );
});

test('annie and actors never import each other', () => {
  const crossing = imports.filter(
    ({ from, to }) =>
      (inside('src/lib/annie/')(from) && inside('src/lib/actors/')(to)) ||
      (inside('src/lib/actors/')(from) && inside('src/lib/annie/')(to)),
  );
  assert.equal(say(crossing), []);
});

test('scripts use no benchmark', () => {
  const scripts = sources('scripts/**/*.ts').flatMap((path) => importsOf(path));
  assert.equal(say(scripts.filter(({ to }) => inside('bench/')(to))), []);
});

test('no file imports itself by a detour', () => {
  assert.is(findCycle(imports), null);
});

test('every own import names a file that is there, with its extension', () => {
  const known = new Set([...files, ...sources('bin/*.js')]);
  const unknown = imports.filter(
    ({ to, own }) =>
      own && !known.has(to) && !to.startsWith('src/lib/paraglide/') && !/\.(css|json|svg)$/.test(to),
  );
  assert.equal(
    say(unknown).filter((line) => !line.includes('/$types')),
    [],
  );
});

test('the import reader sees types, re-exports, dynamic imports and svelte scripts', () => {
  const code = `import type { A } from './a.ts';\nexport { b } from '#lib/b.ts';\nconst c = import('../c.ts');\nimport 'ws';`;
  assert.equal(importsOf('src/lib/x/y.ts', code), [
    { from: 'src/lib/x/y.ts', to: 'src/lib/x/a.ts', own: true, typeOnly: true },
    { from: 'src/lib/x/y.ts', to: 'src/lib/b.ts', own: true, typeOnly: false },
    { from: 'src/lib/x/y.ts', to: 'src/lib/c.ts', own: true, typeOnly: false },
    { from: 'src/lib/x/y.ts', to: 'ws', own: false, typeOnly: false },
  ]);
  const svelte = `<p>import './no.ts'</p><script lang="ts">import { m } from './yes.ts';</script>`;
  assert.equal(
    importsOf('src/lib/ui/P.svelte', svelte).map(({ to }) => to),
    ['src/lib/ui/yes.ts'],
  );
});

test('the cycle finder finds a cycle of three', () => {
  const edge = (from: string, to: string): Import => ({ from, to, own: true, typeOnly: true });
  assert.equal(findCycle([edge('a', 'b'), edge('b', 'c'), edge('c', 'a')]), ['a', 'b', 'c', 'a']);
  assert.is(findCycle([edge('a', 'b'), edge('a', 'c'), edge('b', 'c')]), null);
});

test.run();
