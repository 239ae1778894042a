import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { needsConfirmation } from '#lib/ui/state/actions.ts';

const row = { state: 'download', file: null, receivedBytes: 0 } as const;
const file = { name: 'a.bin', bytes: 1 };

test('removing asks for confirmation only where a running download or a file would be lost', () => {
  assert.is(needsConfirmation('remove', row), true);
  assert.is(needsConfirmation('remove', { ...row, state: 'complete', file }), true);
  assert.is(needsConfirmation('remove', { ...row, state: 'error', file }), true);
  assert.is(needsConfirmation('remove', { ...row, state: 'error' }), false);
  assert.is(needsConfirmation('remove', { ...row, state: 'cancelled' }), false);
});

test('cancelling asks for confirmation once there are received bytes to lose', () => {
  assert.is(needsConfirmation('cancel', row), false);
  assert.is(needsConfirmation('cancel', { ...row, receivedBytes: 1 }), true);
  assert.is(needsConfirmation('cancel', { ...row, state: 'paused', receivedBytes: 1 }), true);
});

test.run();
