/** Media in structured data (https://schema.org/VideoObject, AudioObject), wherever it is nested. Pure. */
export interface JsonLdMedia {
  name: string | null;
  contentUrl: string;
}

const MAX_DEPTH = 12;
const TYPES = new Set(['videoobject', 'audioobject', 'mediaobject']);

/** Broken JSON has no media in it. */
export function readJsonLd(text: string): JsonLdMedia[] {
  try {
    const found: JsonLdMedia[] = [];
    visit(JSON.parse(text), found, 0);
    return found;
  } catch {
    return [];
  }
}

function visit(value: unknown, found: JsonLdMedia[], depth: number): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (!Array.isArray(value)) {
    const node = value as Record<string, unknown>;
    const types = [node['@type']].flat().map((type) => String(type).toLowerCase());
    const contentUrl = [node['contentUrl']].flat()[0];
    if (typeof contentUrl === 'string' && types.some((type) => TYPES.has(type))) {
      found.push({ name: typeof node['name'] === 'string' ? node['name'] : null, contentUrl });
    }
  }
  for (const inner of Object.values(value)) visit(inner, found, depth + 1);
}
