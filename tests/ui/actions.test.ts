import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAsked } from '#lib/ui/state/actions.ts';

const row = { state: 'download', file: null, receivedBytes: 0 } as const;
const file = { name: 'a.bin', bytes: 1 };

test('removing asks while it runs and where there is a file, and not where nothing is lost', () => {
  assert.is(isAsked('remove', row), true);
  assert.is(isAsked('remove', { ...row, state: 'complete', file }), true);
  assert.is(isAsked('remove', { ...row, state: 'error', file }), true);
  assert.is(isAsked('remove', { ...row, state: 'error' }), false);
  assert.is(isAsked('remove', { ...row, state: 'cancelled' }), false);
});

test('cancelling asks once bytes have come, which it would discard', () => {
  assert.is(isAsked('cancel', row), false);
  assert.is(isAsked('cancel', { ...row, receivedBytes: 1 }), true);
  assert.is(isAsked('cancel', { ...row, state: 'paused', receivedBytes: 1 }), true);
});

test.run();
