/** Where a browser goes after signing in, and what the page shows of an address that anybody can write. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { destination } from '#lib/ui/people/account.ts';
import { failureIn, returnedIn } from '#lib/ui/people/issuer.ts';

const ORIGIN = 'https://sluice.example';

test('after signing in a browser goes to a page of this server, whatever the address says', () => {
  Reflect.set(globalThis, 'location', { origin: ORIGIN });
  const led = (to: string) => new URL(destination(`?${new URLSearchParams({ to })}`), ORIGIN).href;
  assert.is(led('/devices?x=1'), `${ORIGIN}/devices?x=1`);
  assert.is(new URL(destination(''), ORIGIN).href, `${ORIGIN}/`);
  for (const to of [
    '//evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/\\evil.example',
    '\t//evil.example',
    'https://evil.example',
    'https://sluice.example@evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '',
  ])
    assert.is(new URL(led(to)).origin, ORIGIN, JSON.stringify(to));
  Reflect.deleteProperty(globalThis, 'location');
});

test('an address shows no text but that of a failed sign-in', () => {
  assert.is(failureIn('issuer_away'), 'issuer_away');
  for (const failed of [null, '', 'link_used', 'issuer_', 'issuer_x', 'toString', '<b>'])
    assert.is(failureIn(failed), null, String(failed));
});

test('the browser has come back if there is a state with a code or an error', () => {
  assert.is(returnedIn('?code=c&state=s&iss=i'), 'code=c&state=s&iss=i');
  assert.is(returnedIn('?error=access_denied&state=s'), 'error=access_denied&state=s');
  for (const search of ['', '?state=s', '?code=c', '?to=/&failed=issuer_away'])
    assert.is(returnedIn(search), null);
});

test.run();
