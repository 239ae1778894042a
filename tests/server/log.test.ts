import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../src/server/log.ts';

function logged(...details: Record<string, unknown>[]): string {
  let text = '';
  const log = createLogger('debug', (line) => (text += line));
  for (const each of details) log.error('something broke: https://host.example/ours?grant=kept', each);
  return text;
}

test('no secret in a detail is logged, nor one in an error, its stack and its cause', () => {
  const secret = 'S3cr3tS3cr3t';
  const error = new Error(`GET https://u:${secret}@host/a?token=${secret}`, {
    cause: new Error(`Authorization: Basic ${secret}`),
  });
  const text = logged(
    { error },
    { url: `https://host/?key=${secret}`, printed: `--password ${secret}\nCookie: a=${secret}` },
    { list: [`https://host/#${secret}`], deep: { header: `PHPSESSID=${secret}` } },
  );
  assert.not.match(text, secret);
  assert.match(text, 'https://***@host/a?***');
  assert.match(text, '?grant=kept', 'our own words stay');
});

test('ordinary details stay as they are, one line each', () => {
  const text = logged({ path: '/var/lib/sluice/data', count: 3, session: 'Ab3dEf6hIj9kLm2n', isNoted: true });
  assert.match(text, / path="\/var\/lib\/sluice\/data" count=3 session="Ab3dEf6hIj9kLm2n" isNoted=true\n$/);
});

test.run();
