/**
 * The variables that an `EXT-X-DEFINE` defines (RFC 8216bis, section 4.4.2.3). It has one; some packagers put several into one
 * tag, where each name belongs to the value after it. Pure.
 */
import { eachAttribute } from './attributes.ts';

/** @param query of the playlist's address, for QUERYPARAM; @param imported of its master playlist, for IMPORT */
export function* readDefinitions(
  list: string,
  query: ReadonlyMap<string, string>,
  imported: ReadonlyMap<string, string>,
): Generator<[name: string, value: string]> {
  let name: string | null = null;
  let value: string | null = null;
  for (const [key, text] of eachAttribute(list)) {
    if (key === 'NAME') name = text;
    else if (key === 'VALUE') value = text;
    else if (key === 'QUERYPARAM' && query.has(text)) yield [text, query.get(text) ?? ''];
    else if (key === 'IMPORT' && imported.has(text)) yield [text, imported.get(text) ?? ''];
    if (name === null || value === null) continue;
    yield [name, value];
    [name, value] = [null, null];
  }
}
