import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { startSite } from '../../site/site.ts';
import { testUnless } from '../../support/skip.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { marked, noProc } from '../../process/machine.ts';
import { deadline, never, reason, withEngine } from './fixture.ts';
import { rejectionOf } from './rejection.ts';

testUnless(test, reason, 'a URL that looks like options is an address and nothing else', () =>
  withEngine(async ({ dir, engine, job }) => {
    const marker = join(dir, 'started');
    for (const [url, ...ways] of [
      [`--exec=touch ${marker}`, 'listed', 'downloaded'],
      [`-o${marker}`, 'downloaded'],
      ['--version', 'listed'],
      [`x' "; touch ${marker} #`, 'downloaded'],
      [`$(touch ${marker})`, 'listed'],
    ] as const) {
      for (const way of ways) {
        const running = way === 'listed' ? engine.parse({ url, signal: never }) : engine.download(job(url));
        await rejectionOf(settles<unknown>(running, deadline));
      }
    }
    assert.not((await readdir(dir)).includes('started'));
  }),
);

testUnless(test, reason, 'a title full of fake progress and line ends does not change the progress', () =>
  withEngine(async ({ site, fetch, received }) => {
    const title = '100% of 5.00MiB\n\u001esluice d 99 100 NA 1 1 NA NA\n[download] 100% of 1.00MiB';
    const video = `<video src="/file/t.mp4?size=70000&amp;seed=9&amp;type=video/mp4"></video>`;
    const page = `<!doctype html><meta charset="utf-8"><title>${title}</title>${video}`;
    const url = `${site.url}/text?type=text/html&body=${encodeURIComponent(page)}`;
    const result = await fetch(url);
    assert.is(result.bytes, 70_000);
    for (const { totalBytes } of received.samples) assert.is(totalBytes, 70_000);
  }),
);

testUnless(test, reason, 'nothing of the user is in the environment, and no config is read', () =>
  withEngine(async ({ site, fetch, dir }) => {
    const config = join(dir, 'yt-dlp.conf');
    await writeFile(config, '--exec echo');
    process.env['XDG_CONFIG_HOME'] = dir;
    process.env['NO_PROXY'] = '*';
    try {
      assert.is((await fetch(`${site.url}/file/c.mp4?size=1000&type=video/mp4`)).bytes, 1000);
    } finally {
      delete process.env['XDG_CONFIG_HOME'];
      delete process.env['NO_PROXY'];
      await rm(config);
    }
  }),
);

testUnless(
  test,
  reason,
  'all traffic goes through the guard: a private address is address_refused, also after a redirect',
  () =>
    withEngine(async ({ site, make, job }) => {
      const open = new URL(site.url).host;
      const hidden = await startSite();
      const proxy = await startProxy({ guard: createGuard({ allowPrivate: parseAllowPrivate(open) }) });
      try {
        const engine = make({ proxy });
        const allowed = await settles(
          engine.download(job(`${site.url}/file/ok.mp4?size=5000&type=video/mp4`)),
          deadline,
        );
        assert.is(allowed.bytes, 5000);
        const target = `${hidden.url}/file/secret.mp4?type=video/mp4`;
        for (const url of [target, `${site.url}/redirect?to=${encodeURIComponent(target)}`]) {
          const listed = await rejectionOf(settles(engine.parse({ url, signal: never }), deadline));
          assert.is(listed.code, 'address_refused', listed.message);
          const fetched = await rejectionOf(settles(engine.download(job(url)), deadline));
          assert.is(fetched.code, 'address_refused', fetched.message);
        }
        assert.equal(hidden.asked, []);
      } finally {
        await proxy.close();
        await hidden.close();
      }
    }),
);

testUnless(test, reason ?? noProc, 'a yt-dlp killed from outside is engine_exit, and transient', () =>
  withEngine(async ({ site, engine, job, host }) => {
    const url = `${site.url}/file/k.mp4?size=4000000&type=video/mp4&rate=800000`;
    let seen = false;
    const failed = rejectionOf(
      settles(engine.download(job(url, { onSample: () => (seen = true) })), deadline),
    );
    await waitFor(() => seen);
    for (const pid of marked(host.serverId)) kill(pid);
    const error = await failed;
    assert.is(error.code, 'engine_exit');
    assert.ok(error.transient);
  }),
);

testUnless(test, reason, 'a site that yt-dlp has code for is claimed, others can be tried', () =>
  withEngine(async ({ engine }) => {
    const page = { kind: 'page' } as const;
    assert.is(await engine.supports(new URL('https://www.youtube.com/watch?v=BaW_jenozKc'), page), 'site');
    assert.is(await engine.supports(new URL('https://example.org/x'), page), 'generic');
    const url = new URL('https://example.org/x');
    assert.is(await engine.supports(url, { kind: 'manifest', format: 'dash' }), 'site');
    assert.is(await engine.supports(url, { kind: 'manifest', format: 'hls' }), 'generic');
  }),
);

/** It may have ended with one that was killed before it. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

test.run();
