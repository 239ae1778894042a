/** How long a page is held, by one clock alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PortalWatch, type SentPage } from '#lib/annie/http/failure/portal-watch.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const { signal } = new AbortController();

/** Of a file in whose place a page was sent. */
async function codeOf(watch: PortalWatch, url: string, sent = Promise.resolve()): Promise<string> {
  const fail = async (): Promise<never> => {
    await sent;
    throw new SluiceError('no_media');
  };
  const page: SentPage = { url: new URL(url), title: 'Hotel', bytes: 100 };
  const ended = watch.watch(url, fail, () => Promise.resolve(page), signal);
  return ended.catch((thrown: unknown) => (thrown as SluiceError).code);
}

test('a failure is held by the clock of the watch, whatever other clocks say', async () => {
  let now = 0;
  const watch = new PortalWatch({ now: () => now, heldMs: 20 });
  const { promise: sent, resolve: send } = Promise.withResolvers<void>();
  const codes = [codeOf(watch, 'http://a.test/1.zip'), codeOf(watch, 'http://b.example/2.zip', sent)];
  // Longer than it is held, by the clock of the machine.
  setTimeout(send, 200);
  assert.equal(await Promise.all(codes), ['network_login', 'network_login']);

  const late = codeOf(new PortalWatch({ now: () => (now += 15), heldMs: 20 }), 'http://a.test/3.zip');
  assert.is(await late, 'no_media');
});

test.run();
