import { mock } from 'node:test';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import './svelte-modules.ts';

const { Notices } = await import('#lib/ui/state/notices.svelte.ts');

/** Longer than any notice is shown. */
const LONG_MS = 60_000;

test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }));
test.after.each(() => mock.timers.reset());

test('a notice disappears by itself, unless it is hovered or focused', () => {
  const notices = new Notices();
  notices.info('goes');
  notices.info('held');
  const [, held] = notices.shown;
  notices.hold(held!.id);
  mock.timers.tick(LONG_MS);
  assert.equal(
    notices.shown.map(({ text }) => text),
    ['held'],
  );
  notices.release(held!.id);
  assert.is(notices.shown.length, 1, 'it has its time again');
  mock.timers.tick(LONG_MS);
  assert.is(notices.shown.length, 0);
});

test('a notice that is dismissed while it is held does not return', () => {
  const notices = new Notices();
  notices.error('gone');
  const [gone] = notices.shown;
  notices.hold(gone!.id);
  notices.dismiss(gone!.id);
  notices.release(gone!.id);
  mock.timers.tick(LONG_MS);
  assert.equal(notices.shown, []);
});

test('the dialog that was opened last shows the notices; the page does again when all are closed', () => {
  const notices = new Notices();
  notices.addHost('page');
  const closeFirst = notices.addHost('first');
  const closeSecond = notices.addHost('second');
  assert.is(notices.host, 'second');
  closeFirst();
  assert.is(notices.host, 'second');
  closeSecond();
  assert.is(notices.host, 'page');
});

test.run();
