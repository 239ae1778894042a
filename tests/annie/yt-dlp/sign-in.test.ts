/** What a list keeps secret gets to its site by yt-dlp: to that origin alone, and nowhere where others could read it. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignIns } from '#lib/annie/http/client/client-context.ts';
import { signInInput } from '#lib/annie/yt-dlp/sign-in.ts';
import { processesOf } from '../../support/processes.ts';
import { testUnless } from '../../support/skip.ts';
import { settles } from '../../support/wait.ts';
import { deadline, never, reason, withEngine } from './fixture.ts';

const KEY = 'c4n4ry-for-yt-dlp';
const BODY = Buffer.alloc(200_000, 7);

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const signInsFor = (origin: string): SignIns => ({
  headersFor: (url): Record<string, string> =>
    url.origin === origin ? { authorization: `Bearer ${KEY}`, 'x-api-key': KEY } : {},
});

test('a run gets what is kept for the origin of its address, and nothing else', () => {
  const signIns = signInsFor('https://media.example');
  assert.equal(signInInput('https://media.example/watch?v=1', signIns), {
    input: JSON.stringify({ 'https://media.example': { authorization: `Bearer ${KEY}`, 'x-api-key': KEY } }),
  });
  for (const url of [
    'http://media.example/',
    'https://media.example:444/',
    'https://sub.media.example/',
    'nonsense',
  ])
    assert.equal(signInInput(url, signIns), {}, url);
  assert.equal(signInInput('https://media.example/', null), {});
});

testUnless(test, reason, 'page and media of the site get it, and a host that it leads to does not', () =>
  withEngine(async ({ dir, make, job, clearWork }) => {
    const got: Record<string, IncomingHttpHeaders> = {};
    const seen: string[] = [];
    /** Looks around while yt-dlp waits for the answer. */
    const lookAround = async (): Promise<void> => {
      for (const line of processesOf(dir)) {
        const [pid = ''] = line.split(' ');
        for (const what of ['cmdline', 'environ'])
          seen.push(await readFile(`/proc/${pid}/${what}`, 'latin1').catch(() => ''));
      }
      for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          seen.push(await readFile(join(entry.parentPath, entry.name), 'latin1').catch(() => ''));
    };
    const elsewhere = createServer(({ url = '', headers }, response) => {
      got[`elsewhere ${url}`] = headers;
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': BODY.length }).end(BODY);
    });
    const site = createServer(({ url = '', headers }, response) => {
      got[url] = headers;
      if (headers.authorization !== `Bearer ${KEY}` || headers['x-api-key'] !== KEY)
        return response.writeHead(401).end('sign in');
      if (url === '/away.mp4')
        return response.writeHead(302, { location: `${urlOf(elsewhere)}/taken.mp4` }).end();
      if (url === '/film.mp4')
        return response
          .writeHead(200, { 'content-type': 'video/mp4', 'content-length': BODY.length })
          .end(BODY);
      const video = url === '/page-away' ? '/away.mp4' : '/film.mp4';
      const page = `<!doctype html><title>Film</title><video src="${video}"></video>`;
      return void lookAround().then(() => response.writeHead(200, { 'content-type': 'text/html' }).end(page));
    });
    for (const each of [site, elsewhere]) await once(each.listen(0, '127.0.0.1'), 'listening');
    try {
      const engine = make({ signIns: () => signInsFor(urlOf(site)) });
      const stranger = make({});
      const url = `${urlOf(site)}/page`;
      const { items } = await settles(engine.parse({ url, signal: never }), deadline);
      const [item] = items;
      const result = await settles(engine.download(job(item?.url ?? '')), deadline);
      assert.is(result.bytes, BODY.length);
      assert.is(got['/film.mp4']?.['x-api-key'], KEY);
      // Another list does not get what was listed for this one.
      const refused = await settles(stranger.download(job(item?.url ?? '')), deadline).catch(
        (error: unknown) => error,
      );
      assert.ok(refused instanceof Error, 'it has to sign in itself');

      await clearWork();
      await settles(engine.download(job(`${urlOf(site)}/page-away`)), deadline);
      const taken = Object.entries(got).filter(([path]) => path.startsWith('elsewhere'));
      assert.ok(taken.length > 0, 'it was led there');
      for (const [path, { authorization, 'x-api-key': key }] of taken)
        assert.equal([authorization, key], [undefined, undefined], path);
      assert.ok(seen.length > 4);
      assert.not(
        seen.some((text) => text.includes(KEY)),
        'in no argument, variable or file',
      );
    } finally {
      for (const each of [site, elsewhere]) {
        each.close();
        each.closeAllConnections();
      }
    }
  }),
);

test.run();
