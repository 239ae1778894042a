import type { CommandInput } from '#lib/protocol/commands.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { UniqueIds } from '#lib/protocol/unique-ids.ts';

type ParseFields = CommandInput<'parse'>;

/**
 * All pages of a list as one result.
 * @param isEnough whether the items so far will do: no further page is fetched
 */
export async function parseAll(
  send: (fields: ParseFields) => Promise<ParseResult>,
  fields: ParseFields,
  isEnough: (items: readonly MediaItem[]) => boolean = () => false,
): Promise<ParseResult> {
  const first = await send(fields);
  const { next: _, ...result } = first;
  for (let cursor = first.next; cursor !== undefined && !isEnough(result.items);) {
    const page = await send({ ...fields, engine: first.engine, cursor });
    result.items = [...result.items, ...page.items];
    if (page.truncated) result.truncated = true;
    cursor = page.next;
  }
  return { ...result, items: new UniqueIds().assign(result.items) };
}
