/** What a list keeps secret, under `sec/NAME`. It is sealed before it gets here, and opened nowhere near. */
import { MAX_SECRETS, type SecretChange, type StoredSecret } from '../../protocol/secret.ts';
import type { DurableKv } from '../durable/types.ts';

const VERSION = 1;
const PREFIX = 'sec/';
type SecretRow = StoredSecret & { v: typeof VERSION };

export type SecretEntry = [name: string, secret: StoredSecret];

/** @returns null = the list has as many as it may have, or does not have the one to be removed */
export function secretsAfter(kv: DurableKv, change: SecretChange | null): SecretEntry[] | null {
  if (change?.type === 'remove' && !kv.delete(PREFIX + change.name)) return null;
  if (change?.type === 'put') {
    const isNew = kv.get(PREFIX + change.name) === undefined;
    if (isNew && secretsIn(kv).length >= MAX_SECRETS) return null;
    kv.put(PREFIX + change.name, { v: VERSION, ...change.secret } satisfies SecretRow);
  }
  return secretsIn(kv);
}

/** @param kv the list's values, also from outside. By name */
export function secretsIn(kv: {
  list<T>(options: { prefix: string }): Iterable<[key: string, value: T]>;
}): SecretEntry[] {
  return [...kv.list<SecretRow>({ prefix: PREFIX })].map(([key, { v: _, ...secret }]) => [
    key.slice(PREFIX.length),
    secret,
  ]);
}
