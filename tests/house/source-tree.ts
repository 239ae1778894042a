/** The sources as a graph: what the house rules are checked on. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '../..');

/** Paths relative to the root. Generated code (paraglide) is nobody's handwriting. */
export function sources(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('src/lib/paraglide/'))
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Import {
  /** The importing file. */
  from: string;
  /** A path relative to the root for our own files, else the bare specifier. */
  to: string;
  own: boolean;
  /** `import type`: gone at run time. */
  typeOnly: boolean;
}

export function importsOf(path: string, source = read(path)): Import[] {
  const code = path.endsWith('.svelte') ? scriptsOf(source) : source;
  const { importedFiles } = ts.preProcessFile(code, true, true);
  return importedFiles.map(({ fileName, pos }) => {
    const to = resolve(path, fileName);
    return { from: path, to: to ?? fileName, own: to !== null, typeOnly: isTypeOnly(code, pos) };
  });
}

function scriptsOf(svelte: string): string {
  return [...svelte.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n');
}

/** null = a package or a builtin. */
function resolve(from: string, specifier: string): string | null {
  if (specifier.startsWith('#lib/')) return `src/lib/${specifier.slice('#lib/'.length)}`;
  if (specifier.startsWith('$lib/')) return `src/lib/${specifier.slice('$lib/'.length)}`;
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier)).replaceAll('\\', '/');
  return null;
}

/** The statement that holds the specifier at `pos` begins with `import type` or `export type`. */
function isTypeOnly(code: string, pos: number): boolean {
  const before = code.slice(0, pos);
  const start = Math.max(before.lastIndexOf('import'), before.lastIndexOf('export'));
  return /^(?:import|export)\s+type\b/.test(before.slice(start));
}

/** The first cycle found, as a list of paths that ends where it began; null = none. */
export function findCycle(imports: Import[]): string[] | null {
  const edges = new Map<string, string[]>();
  for (const { from, to, own } of imports) {
    if (own) edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const path of edges.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return null;
}
