/** The page when the server has no network, and when the server itself no longer answers. */
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

for (const [locale, banner] of [
  ['en-GB', /^No network since \d?\d:\d\d(\s[ap]m)?; (next try in \d+ (s|min).*|trying again now)\.$/i],
  ['zh-CN', /^自 \d\d:\d\d 起没有网络；(.+后重试|正在重试)。$/],
] as const) {
  testUnless(
    test,
    pageMissing,
    `a banner says that there is no network, in ${locale}, until there is one`,
    async () => {
      const server = await startServer({
        env: { SLUICE_ENGINES: 'http', SLUICE_ALLOW_PRIVATE: '127.0.0.0/8' },
      });
      const visit = await Visit.open(fixture.browser, server.url, { locale });
      try {
        const port = await closedPort();
        const down = visit.page.getByTestId('network-down');
        await visit.page.evaluate(
          async (urls) => {
            for (const url of urls) {
              await fetch('/api/downloads', {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ url, engine: 'http' }),
              });
            }
          },
          [`http://127.0.0.1:${port}/a.bin`, `http://127.0.0.2:${port}/b.bin`],
        );
        await down.waitFor();
        assert.match((await down.locator('[aria-hidden]').textContent()) ?? '', banner);
        await visit.page.locator('[data-code="network_down"]').first().waitFor();
        assert.equal(await axeFindings(visit.page), []);
        // Another host answers: the network is there.
        await visit.page.evaluate(
          (url) =>
            fetch('/api/downloads', {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ url, engine: 'http' }),
            }).then(() => undefined),
          `${fixture.site.url.replace('127.0.0.1', 'localhost')}/file/c.bin`,
        );
        await down.waitFor({ state: 'detached' });
        assert.equal(visit.errors, []);
      } finally {
        await visit.page.context().close();
        await server.stop();
      }
    },
  );
}

testUnless(
  test,
  pageMissing,
  'a server that is frozen while it downloads is noticed within seconds',
  async () => {
    const server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
    const visit = await Visit.open(fixture.browser, server.url);
    try {
      await visit.downloadNow(`${fixture.site.url}/file/slow.bin?size=50000000&rate=200000`);
      await visit.page.getByTestId('speed').waitFor();
      process.kill(server.pid, 'SIGSTOP');
      const frozenAt = performance.now();
      await visit.page.getByTestId('connection').and(visit.page.locator('.lost')).waitFor();
      const noticedMs = performance.now() - frozenAt;
      console.log(`noticed after ${Math.round(noticedMs)} ms`);
      assert.match((await visit.page.getByTestId('connection').textContent()) ?? '', /Connection lost/);
      assert.is(await visit.page.getByTestId('speed').count(), 0);
      assert.is(await visit.page.getByTestId('time-left').count(), 0);
      process.kill(server.pid, 'SIGCONT');
      await visit.ready();
      await visit.page.getByTestId('speed').waitFor();
      assert.equal(visit.errors, []);
    } finally {
      process.kill(server.pid, 'SIGCONT');
      await visit.page.context().close();
      await server.stop();
    }
  },
);

test.run();
