/** What the requests for media say of the page that shows it: by the page's policy, as in browsers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshDir } from '../annie/http/kit.ts';
import { response, startWildOrigin } from './origin.ts';
import { openWildKit } from './outcome.ts';

// An answer that is kept would be the download's, too.
const kit = await openWildKit({ keptMs: 0 });
const { origin } = kit;
/** Another origin, with the files. */
const other = await startWildOrigin();

let pages = 0;

interface Sent {
  page: string;
  /** Of the download of the page, and of the one that is picked from its list. */
  referers: (string | null)[];
}

/** @param html with `ADDRESS` where the address of the video belongs */
async function sentFor(html: string, head = '', host = other): Promise<Sent> {
  const path = `/film-${++pages}.mp4`;
  const video = host.serve(path, response('Content-Type: video/mp4', 'video'));
  const page = origin.serve(
    `/page-${pages}`,
    response(`Content-Type: text/html${head}`, html.replaceAll('ADDRESS', video)),
  );
  const sent = async (run: () => Promise<unknown>): Promise<string | null> => {
    const before = host.requestsFor(path).length;
    await run();
    const referers = host
      .requestsFor(path)
      .slice(before)
      .map(({ headers }) => headers.get('referer') ?? null);
    assert.ok(referers.length > 0, 'not requested');
    assert.is(new Set(referers).size, 1, referers.join());
    return referers[0] ?? null;
  };
  const whole = await sent(() => kit.download(page));
  const listed = await sent(() => kit.list(page));
  assert.is(listed, whole);
  return {
    page,
    referers: [whole, await sent(() => freshDir().then((workDir) => kit.download(video, { workDir })))],
  };
}

const VIDEO = '<video src=ADDRESS></video>';
const policy = (name: string): string => `\r\nReferrer-Policy: ${name}`;
const ORIGIN = `${origin.url}/`;

for (const [what, html, head, expected] of [
  ['nothing', VIDEO, '', ORIGIN],
  ['a header', VIDEO, policy('no-referrer'), null],
  ['a header with a name that is not known', VIDEO, policy('unsafe-url, future'), 'page'],
  ['a meta element', `<meta name=Referrer content=unsafe-url>${VIDEO}`, '', 'page'],
  ['a meta element after a header', `<meta name=referrer content=never>${VIDEO}`, policy('unsafe-url'), null],
  ['an unknown meta element', `<meta name=referrer content=x>${VIDEO}`, policy('unsafe-url'), 'page'],
  ['a link', '<a href=ADDRESS referrerpolicy=unsafe-url>x</a>', policy('no-referrer'), 'page'],
  ['a link that hides it', '<a href=ADDRESS rel="nofollow noreferrer">x</a>', policy('unsafe-url'), null],
  ['a preload', '<link rel=preload as=video href=ADDRESS referrerpolicy=no-referrer>', '', null],
] as const) {
  test(`the Referer follows the policy of ${what}, also for a download from the list`, async () => {
    const { page, referers } = await sentFor(html, head);
    const sent = expected === 'page' ? page : expected;
    assert.equal(referers, [sent, sent]);
  });
}

test('the frame of a player has its own policy, and the request for it that of the frame element', async () => {
  const seen: (string | undefined)[] = [];
  const video = other.serve('/framed.mp4', ({ headers }) => {
    seen.push(headers.get('referer'));
    return response('Content-Type: video/mp4', 'video');
  });
  other.serve('/player', ({ headers }) => {
    seen.push(headers.get('referer'));
    return response('Content-Type: text/html\r\nReferrer-Policy: unsafe-url', `<video src=${video}></video>`);
  });
  const frame = `<iframe src=${other.url}/player referrerpolicy=unsafe-url></iframe>`;
  const head = 'Content-Type: text/html\r\nReferrer-Policy: no-referrer';
  const page = origin.serve('/outer', response(head, frame));
  assert.is((await kit.download(page)).body.toString(), 'video');
  assert.equal([seen[0], ...new Set(seen.slice(1))], [page, `${other.url}/player`]);
});

test('a redirect may set another policy for what follows', async () => {
  const video = other.serve('/moved.mp4', response('Content-Type: video/mp4', 'video'));
  const moves = 'HTTP/1.1 302 Found\r\nReferrer-Policy: no-referrer\r\nLocation: ';
  const from = origin.serve('/moves', response(moves + video));
  const page = origin.serve('/moving', response('Content-Type: text/html', `<video src=${from}></video>`));
  assert.is((await kit.download(page)).body.toString(), 'video');
  assert.is(origin.requestsFor('/moves')[0]?.headers.get('referer'), page);
  for (const { headers } of other.requestsFor('/moved.mp4')) assert.is(headers.get('referer'), undefined);
});

test.after(async () => {
  await kit.close();
  await other.close();
});

test.run();
