import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTrace } from '#lib/inspector/page/trace/read-trace.ts';

const good = {
  format: 'sluice-trace',
  v: 1,
  sluice: '0.1.0',
  node: 'v24.0.0',
  platform: 'linux x64',
  exportedAt: '2026-01-02T03:04:05.000Z',
  machines: { download: 'a' },
  explanation: {
    download: {
      id: 'abcdefghijkl',
      url: 'http://a.test/b',
      title: 'b',
      engine: 'http',
      state: 'error',
      receivedBytes: 1,
      totalBytes: null,
      percent: null,
      bytesPerSecond: null,
      etaSeconds: null,
      attempt: 1,
      createdAt: '2026-01-02T03:00:00.000Z',
      finishedAt: null,
      file: null,
      error: { code: 'timeout', message: '' },
    },
    session: 'one',
    transitions: [{ at: 1, state: 'queued', cause: 'a' }],
    output: null,
    stored: null,
  },
  observations: [
    { n: 1, at: 1, about: 'host', session: null, cause: null, kind: 'action', action: 'a', params: null },
  ],
  recordings: [],
};
const why = (json: unknown): string => {
  const outcome = readTrace(typeof json === 'string' ? json : JSON.stringify(json));
  return outcome.ok ? 'fine' : outcome.reason;
};

test('a trace is accepted, unknown fields included', () => {
  assert.is(why(good), 'fine');
  assert.is(why({ ...good, weather: 'rain' }), 'fine');
});

test('each way of not being a trace has its own reason', () => {
  assert.is(why('{"format":'), 'not-json');
  assert.is(why([]), 'not-a-trace');
  assert.is(why({ format: 'har' }), 'not-a-trace');
  assert.is(why({ ...good, v: 2 }), 'newer');
});

test('a trace with invalid fields that the page uses is damaged', () => {
  const { explanation } = good;
  for (const broken of [
    { ...good, exportedAt: 'yesterday' },
    { ...good, machines: { download: 1 } },
    { ...good, observations: [{ n: 1, at: 1, about: 'host', cause: null, kind: 'action' }] },
    { ...good, observations: [{ n: 1, at: 1, about: 'host', cause: null, kind: 'dance' }] },
    { ...good, observations: [null] },
    { ...good, observations: [{ ...good.observations[0], at: 1e300 }] },
    { ...good, recordings: [{}] },
    { ...good, explanation: { ...explanation, download: { ...explanation.download, state: 'dancing' } } },
    { ...good, explanation: { ...explanation, download: { ...explanation.download, createdAt: 'x' } } },
    { ...good, explanation: { ...explanation, transitions: [{ at: 'now', state: 'queued', cause: 'a' }] } },
    { ...good, explanation: { ...explanation, output: 5 } },
  ]) {
    assert.is(why(broken), 'damaged', JSON.stringify(broken));
  }
});

test.run();
