import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import { redactedView, toFailure } from '#lib/runner/failure.ts';

test('what an engine says in an error is stored and shown without secrets', () => {
  const said = 'ERROR: https://job:S3cr3t@host/a?key=S3cr3t said 403; Cookie: id=S3cr3t';
  const error = new SluiceError('no_media', said);
  for (const view of [redactedView(error), toFailure(error)]) {
    assert.is(view.code, 'no_media');
    assert.is(view.message, 'ERROR: https://***@host/a?*** said 403; Cookie: ***');
  }
});

test.run();
