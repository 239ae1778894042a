import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { settles } from '../../support/wait.ts';
import type { Store } from '../../../src/lib/actors/durable/store.ts';
import { openFaultyStore } from './faulty-store.ts';
import { freshDir, openHost, settle } from './host.ts';
import type { Sample } from './sample-object.ts';

const CALLS = 20;
const SLOW_COMMIT_MS = 25;

/** As many calls, each in a turn of the loop, on a disk that syncs slowly. @returns commits until all are answered */
async function commitsOf(pausePerCommit: number): Promise<number> {
  const store = openFaultyStore(path.join(await freshDir(), 'state.db'));
  const slow = Object.create(store) as Store;
  slow.commit = () => {
    const end = performance.now() + SLOW_COMMIT_MS;
    while (performance.now() < end);
    store.commit();
  };
  const opened = await openHost({ storage: slow, pausePerCommit });
  const answers: Promise<unknown>[] = [];
  for (let call = 0; call < CALLS; call++) {
    answers.push(opened.host.get<Sample>('sample', `object-${call}`).call('increment'));
    await settle(1);
  }
  await settles(Promise.all(answers), { what: 'the answers' });
  const commits = store.log.filter((line) => line === 'commit').length;
  await opened.close();
  return commits;
}

test('on a disk that syncs slowly turns share commits, and each is answered after its own', async () => {
  const [unpaced, paced] = [await commitsOf(0), await commitsOf(2)];
  assert.ok(paced < unpaced, `${paced} of ${unpaced}`);
});

test.run();
