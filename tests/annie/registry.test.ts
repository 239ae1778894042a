import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UrlSupport, Engine, ParseRequest, UrlKind } from '#lib/annie/engine.ts';
import { Registry } from '#lib/annie/registry.ts';
import { SluiceError, type ErrorCode } from '#lib/protocol/error.ts';
import type { EngineName, EngineStatus, MediaItem, ParseResult } from '#lib/protocol/media.ts';

const PAGE: UrlKind = { kind: 'page' };
const FILE: UrlKind = { kind: 'file', contentType: 'video/mp4', bytes: 5 };
const HLS: UrlKind = { kind: 'manifest', format: 'hls' };
const DASH: UrlKind = { kind: 'manifest', format: 'dash' };
const URL_OF_PAGE = 'https://media.test/watch';

interface Sketch {
  claim?: UrlSupport | ((kind: UrlKind) => UrlSupport);
  status?: 'ready' | 'missing' | 'unusable' | 'throws';
  parse?: (request: ParseRequest) => Promise<ParseResult>;
}

const asked: EngineName[] = [];

function engine(name: EngineName, { claim = 'generic', status = 'ready', parse }: Sketch = {}): Engine {
  return {
    name,
    status: (): Promise<EngineStatus> => {
      asked.push(name);
      if (status === 'throws') throw new Error('broken');
      if (status === 'missing') return Promise.resolve({ engine: name, state: status, remedy: 'Get it.' });
      if (status === 'ready')
        return Promise.resolve({ engine: name, state: status, version: '1', path: null });
      return Promise.resolve({
        engine: name,
        state: status,
        version: '0',
        reason: 'Too old.',
        remedy: 'Update.',
      });
    },
    supports: (_url, kind) => Promise.resolve(typeof claim === 'string' ? claim : claim(kind)),
    parse: parse ?? (() => Promise.resolve({ engine: name, items: [] })),
    download: () => Promise.reject(new Error('not here')),
  };
}

function failing(code: ErrorCode): Engine['parse'] {
  return () => Promise.reject(new SluiceError(code));
}

function registry(
  engines: Engine[],
  found: UrlKind | ErrorCode,
  allowed = engines.map(({ name }) => name),
): Registry {
  const classify = (): Promise<UrlKind> =>
    typeof found === 'string' ? Promise.reject(new SluiceError(found)) : Promise.resolve(found);
  return new Registry({ engines, allowed, classify });
}

const { signal } = new AbortController();

async function order(known: Registry, requested: EngineName | null = null): Promise<EngineName[]> {
  return (await known.choose(URL_OF_PAGE, requested, signal)).map(({ name }) => name);
}

async function refusal(promise: Promise<unknown>): Promise<SluiceError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

const http = engine('http', { claim: (kind) => (kind === DASH ? 'no' : 'generic') });

test('direct media and HLS go to the built-in engine, even if another engine has code for the site', async () => {
  const engines = [engine('lux', { claim: 'site' }), engine('yt-dlp'), http];
  assert.equal(await order(registry(engines, FILE)), ['http', 'lux', 'yt-dlp']);
  assert.equal(await order(registry(engines, HLS)), ['http', 'lux', 'yt-dlp']);
});

test('DASH goes to yt-dlp', async () => {
  assert.equal(await order(registry([http, engine('lux'), engine('yt-dlp')], DASH)), ['yt-dlp', 'lux']);
});

test('DASH without yt-dlp fails with how to install it', async () => {
  const error = await refusal(order(registry([http, engine('yt-dlp', { status: 'missing' })], DASH)));
  assert.is(error.code, 'engine_missing');
  assert.match(error.message, /yt-dlp is not installed. Get it./);
});

test('a page goes to an engine with code for its site, then to the scan, then to engines that can try', async () => {
  const engines = [
    http,
    engine('yt-dlp'),
    engine('lux', { claim: 'site' }),
    engine('annie', { claim: 'no' }),
  ];
  assert.equal(await order(registry(engines, PAGE)), ['lux', 'http', 'yt-dlp']);
});

test('among equal claims the preferred engine comes first', async () => {
  const site = { claim: 'site' } as const;
  const engines = [http, engine('lux', site), engine('yt-dlp', site)];
  assert.equal(await order(registry(engines, PAGE, ['http', 'lux', 'yt-dlp'])), ['lux', 'yt-dlp', 'http']);
  assert.equal(await order(registry(engines, PAGE, ['yt-dlp', 'http', 'lux'])), ['yt-dlp', 'lux', 'http']);
});

test('an engine that is not allowed, missing, unusable or broken is not chosen', async () => {
  const engines = [
    http,
    engine('lux', { status: 'missing' }),
    engine('yt-dlp', { status: 'unusable' }),
    engine('annie', { status: 'throws' }),
    engine('stand-in', { claim: 'site' }),
  ];
  assert.equal(await order(registry(engines, PAGE, ['http', 'lux', 'yt-dlp', 'annie'])), ['http']);
});

test('a requested engine is taken without a probing request', async () => {
  const known = registry([http, engine('yt-dlp')], 'connect_failed');
  assert.equal(await order(known, 'yt-dlp'), ['yt-dlp']);
});

test('a requested engine that is not available is refused with what to do', async () => {
  const engines = [http, engine('lux', { status: 'missing' }), engine('yt-dlp', { status: 'unusable' })];
  const missing = await refusal(order(registry(engines, PAGE), 'lux'));
  assert.is(missing.code, 'engine_missing');
  assert.match(missing.message, /Get it\./);
  const old = await refusal(order(registry(engines, PAGE), 'yt-dlp'));
  assert.is(old.code, 'engine_version');
  assert.match(old.message, /Too old\. Update\./);
  assert.is((await refusal(order(registry(engines, PAGE, ['http']), 'lux'))).code, 'engine_unknown');
});

for (const code of [
  'dns_failed',
  'address_refused',
  'remote_not_found',
  'timeout',
  'remote_error',
] as const) {
  test(`a probe that fails with ${code} fails the address, even if an engine has code for the site`, async () => {
    const known = registry([http, engine('yt-dlp', { claim: 'site' })], code);
    assert.is((await refusal(order(known))).code, code);
  });
}

for (const code of ['remote_denied', 'remote_status'] as const) {
  test(`after a probe that fails with ${code} only engines with code for the site are tried`, async () => {
    assert.equal(await order(registry([http, engine('yt-dlp', { claim: 'site' }), engine('lux')], code)), [
      'yt-dlp',
    ]);
    assert.is((await refusal(order(registry([http, engine('yt-dlp')], code)))).code, code);
  });
}

test('an address that is listed is not probed: a file, which its server may refuse', async () => {
  const engines = [engine('yt-dlp', { claim: 'generic' }), http];
  const known = registry(engines, 'remote_denied');
  assert.is((await refusal(known.choose(URL_OF_PAGE, null, signal))).code, 'remote_denied');
  const chosen = await known.choose(URL_OF_PAGE, null, signal, { isListed: true });
  assert.is(chosen[0], http);
});

test('an invalid address is refused before any engine is asked', async () => {
  const known = registry([http], PAGE);
  for (const [url, code] of [
    ['--exec=id', 'invalid_url'],
    ['', 'invalid_url'],
    ['file:///etc/passwd', 'unsupported_scheme'],
    ['javascript:alert(1)', 'unsupported_scheme'],
  ] as const) {
    assert.is((await refusal(known.choose(url, null, signal))).code, code);
    assert.is((await refusal(known.choose(url, 'http', signal))).code, code);
  }
});

test('parsing tries the next engine until one succeeds, and reports which', async () => {
  const items: MediaItem[] = [
    { id: '1', url: URL_OF_PAGE, site: 'media.test', title: 'A', type: 'video', streams: [] },
  ];
  const heard: [EngineName, MediaItem[]][] = [];
  const known = registry(
    [
      engine('lux', { claim: 'site', parse: failing('unsupported_url') }),
      engine('http', { parse: failing('no_media') }),
      engine('yt-dlp', {
        parse: ({ onItems }) => {
          onItems?.(items);
          return Promise.resolve({ engine: 'yt-dlp', items });
        },
      }),
    ],
    PAGE,
  );
  const result = await known.parse({
    url: URL_OF_PAGE,
    engine: null,
    signal,
    onItems: (name, found) => heard.push([name, found]),
  });
  assert.equal(result, { engine: 'yt-dlp', items });
  assert.equal(heard, [['yt-dlp', items]]);
});

test('parsing stops at an engine that fails for another reason', async () => {
  const known = registry(
    [
      engine('lux', { claim: 'site', parse: failing('engine_exit') }),
      engine('http', { parse: () => Promise.reject(new Error('never asked')) }),
    ],
    PAGE,
  );
  assert.is((await refusal(known.parse({ url: URL_OF_PAGE, engine: null, signal }))).code, 'engine_exit');
});

test('when no engine succeeds, the most informative failure is reported', async () => {
  const parse = (engines: Engine[]): Promise<unknown> =>
    registry(engines, PAGE).parse({ url: URL_OF_PAGE, engine: null, signal });
  const unsupported = { parse: failing('unsupported_url') };
  const noMedia = { parse: failing('no_media') };
  assert.is(
    (await refusal(parse([engine('http', unsupported), engine('yt-dlp', noMedia)]))).code,
    'no_media',
  );
  assert.is(
    (await refusal(parse([engine('http', unsupported), engine('yt-dlp', unsupported)]))).code,
    'unsupported_url',
  );
  assert.is((await refusal(parse([engine('http', { claim: 'no' })]))).code, 'unsupported_url');
  const tooComplex = { parse: failing('too_complex') };
  assert.is(
    (
      await refusal(
        parse([engine('http', noMedia), engine('lux', tooComplex), engine('yt-dlp', unsupported)]),
      )
    ).code,
    'too_complex',
  );
});

test('after too_complex the next engine is tried', async () => {
  const found = { engine: 'yt-dlp' as const, items: [] };
  const known = registry(
    [
      engine('http', { parse: failing('too_complex') }),
      engine('yt-dlp', { parse: () => Promise.resolve(found) }),
    ],
    PAGE,
  );
  assert.equal(await known.parse({ url: URL_OF_PAGE, engine: null, signal }), found);
});

test('statuses are cached for a minute, fetched at once when refreshed, and never reject', async () => {
  let now = 0;
  asked.length = 0;
  const engines = [engine('lux', { status: 'throws' }), engine('http')];
  const known = new Registry({
    engines,
    allowed: ['http', 'lux'],
    classify: () => Promise.resolve(PAGE),
    now: () => now,
  });
  const [first] = await Promise.all([known.statuses(), known.statuses()]);
  assert.equal(
    first.map(({ engine: name, state }) => [name, state]),
    [
      ['http', 'ready'],
      ['lux', 'unusable'],
    ],
  );
  assert.is(asked.length, 2);
  now = 59_999;
  await known.statuses();
  assert.is(asked.length, 2);
  now = 60_000;
  await known.statuses();
  assert.is(asked.length, 4);
  await known.refresh();
  assert.is(asked.length, 6);
});

test('an abort during the probe is not a failed probe', async () => {
  const controller = new AbortController();
  const known = new Registry({
    engines: [engine('yt-dlp', { claim: 'site' })],
    allowed: ['yt-dlp'],
    classify: (_url, aborted) =>
      new Promise((_, reject) => {
        aborted.addEventListener('abort', () => reject(new SluiceError('remote_denied')));
      }),
  });
  const choosing = known.choose(URL_OF_PAGE, null, controller.signal);
  controller.abort(new SluiceError('timeout'));
  assert.is((await refusal(choosing)).code, 'timeout');
});

test.run();
