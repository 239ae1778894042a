/** What the requests of one job make of a server's refusals. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Answers } from '#lib/annie/http/memory/answers.server.ts';
import { BODY_FILE } from '#lib/annie/http/file/saved-state.server.ts';
import { type AnswersJob, FirstAnswers } from '#lib/annie/http/memory/first-answers.server.ts';
import { honest, type OddFile } from '../../site/odd-origin.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir } from './kit.ts';
import { emptyBody } from './odd-bodies.ts';
import { openOddKit } from './odd-kit.ts';

const { serve, requestsFor, options, close } = await openOddKit();
const { client } = options;
const { signal } = new AbortController();
const file: OddFile = { seed: 5, size: 1000, etag: '"v1"' };
test.after(close);

const jobWith = (job: Partial<AnswersJob> = {}): FirstAnswers =>
  new FirstAnswers(new Answers(0), { session: null, cookies: null, ...job });
const refusing = (status: number): string => serve(() => emptyBody(status, { 'content-length': 0 }));
/** Opens an address that is refused. @returns the code of the failure */
const refused = (job: FirstAnswers, url: string): Promise<string> =>
  settles(codeOf(job.open(client, url, signal)));

test('416 is an answer to a request for a part, and an error to one for the whole', async () => {
  const url = refusing(416);
  const part = await settles(jobWith().get(client, url, signal, { range: 'bytes=5-' }));
  assert.is(part.status, 416);
  part.discard();
  assert.is(await settles(codeOf(jobWith().get(client, url, signal))), 'remote_status');
});

test('a file whose ranges are refused is requested once more without one', async () => {
  const url = serve((request) =>
    request.from === null ? honest(file, request) : emptyBody(400, { 'content-length': 0 }),
  );
  const answer = await settles(jobWith().open(client, url, signal));
  assert.equal([answer.response.status, answer.from], [200, null]);
  answer.discard();
  assert.equal(
    requestsFor(url).map(({ from }) => from),
    [0, null],
  );
});

test('a file that is gone is requested once more without a range, as that may be what is refused', async () => {
  const url = refusing(404);
  assert.is(await refused(jobWith(), url), 'remote_not_found');
  assert.equal(
    requestsFor(url).map(({ from }) => from),
    [0, null],
  );
});

test('a refusal is that of a used link if the address was answered, or picked from a list', async () => {
  const url = refusing(403);
  assert.is(await refused(jobWith(), url), 'remote_denied');
  assert.is(await refused(jobWith({ wasListed: true }), url), 'remote_link_used');
  const job = jobWith({ session: 's' });
  job.recordFile(client, url);
  assert.is(await refused(job, url), 'remote_link_used');
  assert.is(await refused(job, refusing(403)), 'remote_denied');
});

test('a refusal is that of a used link if the work dir holds a body', async () => {
  const workDir = await freshDir();
  const job = jobWith({ workDir });
  assert.is(await refused(job, refusing(403)), 'remote_denied');
  await writeFile(join(workDir, BODY_FILE), '');
  assert.is(await refused(job, refusing(403)), 'remote_link_used');
});

test('an aborted request rejects with the reason, whatever the server said', async () => {
  const controller = new AbortController();
  const reason = new Error('not wanted any more');
  const url = serve(() => {
    controller.abort(reason);
    return emptyBody(403, { 'content-length': 0 });
  });
  const failure = await settles(
    jobWith({ wasListed: true })
      .open(client, url, controller.signal)
      .then(
        () => null,
        (thrown: unknown) => thrown,
      ),
  );
  assert.is(failure, reason);
});

test.run();
