/** The page while the server can store nothing. */
import { renameSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);

for (const [locale, text] of [
  ['en-GB', /data folder is gone.*sluice store check/],
  ['zh-CN', /数据文件夹.*sluice store check/],
] as const) {
  testUnless(
    test,
    pageMissing,
    `a banner says that nothing can be stored, in ${locale}, until it can`,
    async () => {
      const place = makePlace();
      const server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
      const visit = await Visit.open(fixture.browser, server.url, { locale });
      try {
        const away = visit.page.getByTestId('store-away');
        assert.is(await away.count(), 0);
        renameSync(place.dataDir, `${place.dataDir}.away`);
        await away.waitFor();
        assert.match((await away.textContent()) ?? '', text);
        assert.equal(await axeFindings(visit.page), []);
        renameSync(`${place.dataDir}.away`, place.dataDir);
        await away.waitFor({ state: 'detached' });
      } finally {
        await visit.page.context().close();
        await server.stop();
        place.remove();
      }
    },
  );
}

test.run();
