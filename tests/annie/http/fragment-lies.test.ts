/** A part of a fragment's file, sent as all of it, is in no stream: by its size, its end, or the bytes that are on the disk. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BODIES,
  close,
  endOf,
  FRAMINGS,
  KINDS,
  type Lie,
  REFUSALS,
  VALIDATOR_NAMES,
} from './fragment-lies.ts';

type Row = Pick<Lie, 'kind' | 'validator' | 'framing'>;

/** What has to become of a stream whose server never sends anything else; null = nobody can know. */
function expected({ kind, validator, framing }: Row, body: Lie['body']): string[] | null {
  if (body === 'all') return ['the stream'];
  if (kind === 'begun, of unknown size' && (body === 'the front' || body === 'more')) return null;
  const isShort = body === 'the front' || body === 'less than was there';
  // as from a connection that broke
  if (framing === 'until close' && isShort) return ['size_mismatch'];
  // the track is fetched anew, and again
  if (kind === 'a byte range' && validator === 'no validator')
    return ['file_changed', 'remote_contradiction'];
  return ['remote_contradiction'];
}

/** @throws what is wrong */
async function assertEnds(row: Row, body: Lie['body'], right: string[]): Promise<void> {
  const name = `${body} with ${row.validator}`;
  const refusals = body === 'the rest' ? REFUSALS : [REFUSALS[0]];
  const always = refusals.map(async (refusal) => {
    const end = await endOf({ ...row, body, refusal, times: Infinity });
    assert.ok(right.includes(end), `${name} after ${refusal}, always: ${end}`);
  });
  const once = endOf({ ...row, body, refusal: 'a 400', times: 1 }).then((end) => {
    assert.ok([...right, 'the stream'].includes(end), `${name}, once: ${end}`);
  });
  await Promise.all([...always, once]);
}

for (const kind of KINDS) {
  for (const framing of FRAMINGS) {
    test(`a part in place of ${kind}, ${framing}, gives the stream or none`, async () => {
      const rows = VALIDATOR_NAMES.flatMap((validator) =>
        BODIES.map(async (body) => {
          const row: Row = { kind, framing, validator };
          const right = expected(row, body);
          if (right !== null) await assertEnds(row, body, right);
        }),
      );
      await Promise.all(rows);
    });
  }
}

test.after(close);
test.run();
