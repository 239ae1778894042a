import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRemoveAsked } from '#lib/ui/state/actions.ts';

test('removing asks while it runs and where there is a file, and not where nothing is lost', () => {
  const file = { name: 'a.bin', bytes: 1 };
  assert.is(isRemoveAsked({ state: 'download', file: null }), true);
  assert.is(isRemoveAsked({ state: 'complete', file }), true);
  assert.is(isRemoveAsked({ state: 'error', file }), true);
  assert.is(isRemoveAsked({ state: 'error', file: null }), false);
  assert.is(isRemoveAsked({ state: 'cancelled', file: null }), false);
});

test.run();
