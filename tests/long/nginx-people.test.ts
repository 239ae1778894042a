/** SLUICE_AUTH=proxy behind a real nginx that asks a sign-in service (`auth_request`), walked in Chromium. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { addTo } from '../support/lost-list.ts';
import { Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing as missingTool, which } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';

const nginx = which('nginx') ?? which('nginx', '/usr/sbin');
// Not among the tools that are installed unasked: its package starts a server.
const missing =
  nginx === null ? 'nginx is not installed; type: apt-get install -y nginx' : missingTool('chromium');

const dir = mkdtempSync(join(tmpdir(), 'sluice-nginx-'));
let url: string;
let site: Site;
let service: Server;
let proxy: ChildProcess;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (missing !== null) return;
  site = await startSite();
  // Says who it is by a cookie of its own, as Authelia and Authentik do.
  service = createServer(({ headers }, response) => {
    const name = /\bsso=(\w+)/.exec(headers.cookie ?? '')?.[1];
    response.writeHead(name === undefined ? 401 : 200, name === undefined ? {} : { 'x-user': name }).end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = await startServer({
    env: {
      SLUICE_AUTH: 'proxy',
      SLUICE_TRUST_PROXY: '127.0.0.1',
      SLUICE_ORIGINS: url,
      SLUICE_ENGINES: 'http',
    },
  });
  mkdirSync(join(dir, 'logs'));
  writeFileSync(join(dir, 'nginx.conf'), configuration(port, (service.address() as AddressInfo).port));
  proxy = spawn(nginx ?? '', ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')], {
    stdio: 'inherit',
  });
  await waitFor(
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    { what: 'nginx to listen' },
  );
  browser = await launchBrowser();
});
test.after(async () => {
  if (missing === null) {
    await browser.close();
    proxy.kill('SIGTERM');
    await server.stop();
    service.close();
    await site.close();
  }
  rmSync(dir, { recursive: true, force: true });
});

/** As in docs/sign-in.md. */
function configuration(port: number, servicePort: number): string {
  return `daemon off; master_process off; pid ${dir}/pid; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port};
    location = /who { internal; proxy_pass http://127.0.0.1:${servicePort}; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location / {
      auth_request /who;
      auth_request_set $user $upstream_http_x_user;
      proxy_pass ${server.url};
      proxy_set_header Host $http_host;
      proxy_set_header Remote-User $user;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;
}

async function browserOf(name: string): Promise<Visit> {
  const context = await browser.newContext({
    locale: 'en-GB',
    extraHTTPHeaders: { 'Remote-User': 'Mallory' },
  });
  await context.addCookies([{ name: 'sso', value: name, url }]);
  const visit = Visit.on(await context.newPage());
  await visit.page.goto(url);
  await visit.ready();
  return visit;
}

testUnless(
  test,
  missing,
  'who nginx names is signed in, and sees their own list in each browser',
  async () => {
    const [ann, ben] = [await browserOf('ann'), await browserOf('ben')];
    await ann.page.getByTestId('signed-in').getByText('Signed in as ann').waitFor();
    await addTo(ann, { site, server, browser }, 'mine.bin');
    const second = await browserOf('ann');
    await second.row('mine.bin').waitFor();
    assert.is(await ben.page.getByTestId('download').count(), 0);
    await ann.page.goto(`${url}/account`);
    await ann.page.getByText('Signed in as ann').waitFor();
    assert.is(await ann.page.getByTestId('sign-out').count(), 0);
    assert.equal(
      [ann, ben, second].flatMap(({ errors }) => errors),
      [],
    );

    // Another person signs in at the service, in the same browser.
    await second.page.context().addCookies([{ name: 'sso', value: 'ben', url }]);
    await second.page.goto(url);
    await second.page.getByTestId('signed-in').getByText('Signed in as ben').waitFor();
    assert.is(await second.page.getByTestId('download').count(), 0);
  },
);

testUnless(test, missing, 'nobody gets in whom nginx does not know', async () => {
  assert.is((await fetch(url)).status, 401);
  assert.is((await fetch(url, { headers: { 'Remote-User': 'ann' } })).status, 401);
});

test.run();
