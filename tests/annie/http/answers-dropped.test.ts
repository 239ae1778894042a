/** Answers of a session that is dropped while a job of it has one, or waits for one. */
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Answers } from '#lib/annie/http/memory/answers.server.ts';
import type { HttpResponse } from '#lib/annie/http/client/client.server.ts';

const ASKED = { session: 's', url: 'https://h.test/f', variant: 'first' };

/** A response whose body never ends. */
function endless(): HttpResponse & { isDiscarded: boolean } {
  const response = {
    ...{ url: new URL(ASKED.url), status: 200, head: new Map() as never, waitedMs: 0, isDiscarded: false },
    ...{ policy: 'no-referrer' as const },
    body: new PassThrough(),
    discard: () => void (response.isDiscarded = true),
  };
  return response;
}

function open(answers: Answers, response: Promise<HttpResponse>) {
  const ask = async () => ({ response: await response, from: 0 });
  return answers.open(ASKED, null, ask, new AbortController().signal, () => undefined);
}

test('an answer that a job has is not kept after it once its session was dropped', async () => {
  const answers = new Answers();
  const response = endless();
  const lent = await open(answers, Promise.resolve(response));
  answers.dropSession('other');
  lent.keep(response);
  assert.not(response.isDiscarded);
  const again = await open(answers, new Promise<never>(() => undefined));
  answers.dropSession('s');
  again.keep(again.response);
  assert.ok(response.isDiscarded);
  assert.is(answers.release('h.test'), 0);
  answers.close();
});

test('a job that waits for an answer gets it, and nobody after it', async () => {
  const answers = new Answers();
  const asked = Promise.withResolvers<HttpResponse>();
  const waiting = open(answers, asked.promise);
  answers.dropSession('s');
  const response = endless();
  asked.resolve(response);
  const lent = await waiting;
  assert.not(response.isDiscarded);
  lent.keep(response);
  assert.ok(response.isDiscarded);
  const next = endless();
  assert.is((await open(answers, Promise.resolve(next))).response, next);
  answers.close();
});

test.run();
