import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testSession } from './harness.ts';

testSession(
  'the title under which a download was listed goes to the runner, also with a later attempt',
  async (s) => {
    const id = await s.add('episode-1.mp4', { title: '  Episode 1\n' });
    assert.is((await s.sentCommand('start', id)).title, 'Episode 1');
    await s.restart();
    await s.wake();
    assert.is((await s.sentCommand('start', id)).title, 'Episode 1');
  },
);

testSession('without one the runner gets none: the last part of the address is no title', async (s) => {
  for (const more of [{}, { title: null }, { title: ' \n' }]) {
    const id = await s.add('plain.mp4', more);
    assert.not('title' in (await s.sentCommand('start', id)));
    assert.is((await s.show(id)).title, 'plain.mp4');
  }
});

test.run();
