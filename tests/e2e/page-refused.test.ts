/** What the page says to a visitor from another address who has too much. Real Chromium, in a network of its own. */
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HELD, RATES } from '#lib/quota/limits.ts';
import { Stranger } from '../edge/stranger.ts';
import { launchBrowser } from '../support/browser.ts';
import { ownNetwork, SERVER } from '../support/own-network.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const PORT = 3000;
const URL_OF_SERVER = `http://${SERVER.v4}:${PORT}`;
const missing = pageMissing ?? ownNetwork(import.meta.filename);

let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (missing !== null) return;
  server = await startServer({
    port: PORT,
    env: { SLUICE_HOST: '0.0.0.0', SLUICE_AUTH: 'none', SLUICE_ORIGINS: URL_OF_SERVER },
  });
  browser = await launchBrowser();
});
test.after(async () => {
  await browser?.close();
  await server?.stop();
});

async function wordsOf(locale: string, cookie: string | null): Promise<string> {
  const context = await browser.newContext({ locale });
  if (cookie !== null) {
    await context.addCookies([{ name: 'sluice_session', value: cookie, url: URL_OF_SERVER }]);
    // Without it the page would ask whose list that is.
    await context.addInitScript(`localStorage.setItem('sluice.session', '${cookie.slice(0, 16)}')`);
  }
  const page = await context.newPage();
  await page.goto(URL_OF_SERVER);
  // Between two tries the page says nothing for a moment.
  const words = await waitFor(
    async () => {
      const [text = ''] = await page.locator('[data-testid="connection"] .text').allTextContents();
      return /\d/.test(text) ? text : null;
    },
    { what: 'the page to say why it is not connected' },
  );
  await context.close();
  return words;
}

testUnless(
  test,
  missing,
  'a visitor with too many sockets or sessions is told so in their language, and when to come again',
  async () => {
    // The browser's own address: this machine calls the server at an address that is not loopback.
    const same = new Stranger(URL_OF_SERVER, SERVER.v4);
    const token = (await same.session()) ?? '';
    assert.is(await same.holdSockets(HELD.socket.owner, async () => token), HELD.socket.owner);
    assert.match(await wordsOf('en-GB', token), /^Too much at once from your address; again in \d+ s$/);
    assert.match(await wordsOf('zh-CN', token), /^您的地址同时请求过多，\d+ 秒后重试$/);
    for (let n = 0; n < RATES.session.burst; n++) await same.session();
    assert.match(await wordsOf('en-GB', null), /^Too much at once from your address; again in \d+ s$/);
    same.close();
  },
);

test.run();
