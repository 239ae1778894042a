/** A part of a fragment's file, sent as all of it, is in no film: by its size, its end, or the bytes that are on the disk. */
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

/** What has to become of a film whose server never sends anything else; null = nobody can know. */
function expected({ kind, validator, framing }: Row, body: Lie['body']): string[] | null {
  if (body === 'all') return ['the film'];
  if (kind === 'begun, of unknown size' && (body === 'the front' || body === 'more')) return null;
  const isShort = body === 'the front' || body === 'less than was there';
  // as from a connection that broke
  if (framing === 'until close' && isShort) return ['size_mismatch'];
  // the track is fetched anew, and again
  if (kind === 'a byte range' && validator === 'no validator')
    return ['file_changed', 'remote_contradiction'];
  return ['remote_contradiction'];
}

for (const kind of KINDS) {
  for (const framing of FRAMINGS) {
    for (const validator of VALIDATOR_NAMES) {
      const row: Row = { kind, framing, validator };
      test(`a part in place of ${kind} with ${validator}, ${framing}, gives the film or none`, async () => {
        const ends = BODIES.map(async (body): Promise<void> => {
          const right = expected(row, body);
          if (right === null) return;
          const refusals = body === 'the rest' ? REFUSALS : [REFUSALS[0]];
          const always = refusals.map(async (refusal) => {
            const end = await endOf({ ...row, body, refusal, times: Infinity });
            assert.ok(right.includes(end), `${body} after ${refusal}, always: ${end}`);
          });
          const once = endOf({ ...row, body, refusal: 'a 400', times: 1 }).then((end) => {
            assert.ok([...right, 'the film'].includes(end), `${body}, once: ${end}`);
          });
          await Promise.all([...always, once]);
        });
        await Promise.all(ends);
      });
    }
  }
}

test.after(close);
test.run();
