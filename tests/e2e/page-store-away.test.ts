/** The page while the server can store nothing. */
import { renameSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);

const BANNERS: [locale: string, text: RegExp][] = [
  ['en-GB', /data folder is gone.*sluice store check/],
  ['zh-CN', /数据文件夹.*sluice store check/],
];

testUnless(
  test,
  pageMissing,
  'a banner says that nothing can be stored, in the language of the page, until it can',
  async () => {
    const { browser, server } = fixture;
    const { dataDir } = server.place;
    const visits = await Promise.all(
      BANNERS.map(async ([locale, text]) => {
        const visit = await Visit.open(browser, server.url, { locale });
        return { visit, text, away: visit.page.getByTestId('store-away') };
      }),
    );
    for (const { away } of visits) assert.is(await away.count(), 0);
    renameSync(dataDir, `${dataDir}.away`);
    for (const { visit, text, away } of visits) {
      await away.waitFor();
      assert.match((await away.textContent()) ?? '', text);
      assert.equal(await axeFindings(visit.page), []);
    }
    renameSync(`${dataDir}.away`, dataDir);
    for (const { visit, away } of visits) {
      await away.waitFor({ state: 'detached' });
      await visit.close();
    }
  },
);

test.run();
