import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRORS, type ErrorCode, SluiceError, toSluiceError } from '#lib/protocol/error.ts';

test('an error has the title and the retry rule of its code unless others are given', () => {
  for (const [code, { status, transient, title }] of Object.entries(ERRORS)) {
    const error = new SluiceError(code as ErrorCode);
    assert.equal([error.status, error.transient, error.message], [status, transient, title]);
    assert.equal([error.retryAfterMs, error.cause, 'cause' in error], [null, undefined, false]);
    assert.equal(error.view, { code, message: title });
  }
  const cause = new Error('why');
  const details = { transient: false, retryAfterMs: 7, cause };
  const error = new SluiceError('engine_exit', 'Exit 3.', details);
  assert.equal([error.transient, error.retryAfterMs, error.message], [false, 7, 'Exit 3.']);
  assert.is(error.cause, cause);
});

test('an unknown thrown value is kept as the cause and not shown', () => {
  for (const thrown of [new TypeError('at /home/someone'), 'no', null, undefined, 3]) {
    const error = toSluiceError(thrown);
    assert.equal([error.code, error.transient], ['internal_error', true]);
    assert.is(error.message, ERRORS.internal_error.title);
    assert.is(error.cause, thrown);
  }
  const known = new SluiceError('timeout');
  assert.is(toSluiceError(known), known);
});

test.run();
