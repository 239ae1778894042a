import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { responseOf } from '#lib/protocol/answer.ts';
import { type ErrorCode, ERRORS, SluiceError } from '#lib/protocol/error.ts';
import { PROBLEM_TYPE, problemAnswer } from '#lib/protocol/problem.ts';

const problemResponse = (thrown: unknown): Response => responseOf(problemAnswer(thrown));

test('an error becomes a problem with its status, code and particulars', async () => {
  const response = problemResponse(new SluiceError('wrong_state', 'It is complete.'));
  assert.is(response.status, 409);
  assert.is(response.headers.get('content-type'), PROBLEM_TYPE);
  const body = await response.json();
  assert.is(body.type, 'docs/errors.md#wrong_state');
  assert.is(body.code, 'wrong_state');
  assert.is(body.detail, 'It is complete.');
  assert.is(body.status, 409);
});

test('an unknown error reveals nothing', async () => {
  const response = problemResponse(new TypeError('secret at /home/someone'));
  assert.is(response.status, 500);
  assert.not.match(await response.text(), /secret|home/);
});

test('a 401 response names the scheme, a 429 has Retry-After', () => {
  assert.match(problemResponse(new SluiceError('unauthorized')).headers.get('www-authenticate')!, /^Bearer/);
  const busy = new SluiceError('too_many_requests', undefined, { retryAfterMs: 1500 });
  assert.is(problemResponse(busy).headers.get('retry-after'), '2');
});

test('a problem has the media type of RFC 9457 and is not cached', () => {
  const { headers } = problemResponse(new SluiceError('not_found'));
  assert.is(headers.get('content-type'), 'application/problem+json');
  assert.is(headers.get('cache-control'), 'no-store');
  assert.is(headers.get('www-authenticate'), null);
});

test('Retry-After is sent where it helps, in whole seconds and at least 1', () => {
  const after = (code: ErrorCode, retryAfterMs?: number): string | null => {
    const error = new SluiceError(code, undefined, retryAfterMs === undefined ? {} : { retryAfterMs });
    return problemResponse(error).headers.get('retry-after');
  };
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    assert.is(after(code), [429, 503].includes(ERRORS[code].status) ? '1' : null, code);
  }
  assert.equal(
    [after('remote_busy', 0), after('remote_busy', 1000), after('not_ready', 1001)],
    ['1', '1', '2'],
  );
});

test.run();
