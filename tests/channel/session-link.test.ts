import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Grants } from '#lib/channel/grant.ts';
import { LINK_LIFETIME_MS } from '#lib/channel/one-time-grants.ts';
import { OperatorAuth, REQUEST_LIFETIME_MS } from '#lib/channel/operator.ts';
import { SessionLinks } from '#lib/channel/session-link.ts';
import { Tokens } from '#lib/channel/token.ts';
import { redact } from '#lib/protocol/redact.ts';

const key = new Uint8Array(32).fill(7);
const START = 1_790_000_000_000;
const SESSION = '-Vq3mYb0sT1x_Kab';

/** The command and the server share only the key and a clock. */
function both() {
  const clock = { now: START };
  const now = () => clock.now;
  return { clock, server: new SessionLinks(key, now), command: () => new SessionLinks(key, now), now };
}

const grantOf = (link: string) => new URL(link, 'http://x').hash.replace('#grant=', '');

function refused(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'nothing';
}

test('a link opens its session once, and reading it does not use it up', () => {
  const { server, command } = both();
  const grant = grantOf(command().link(SESSION));
  assert.is(server.read(grant).session, SESSION);
  assert.is(server.read(grant).expiresAt, START + LINK_LIFETIME_MS);
  assert.is(server.redeem(grant), SESSION);
  assert.is(
    refused(() => server.redeem(grant)),
    'link_used',
  );
  assert.is(
    refused(() => server.read(grant)),
    'link_used',
  );
});

test('a link expires after ten minutes', () => {
  const { server, command, clock } = both();
  const grant = grantOf(command().link(SESSION));
  clock.now = START + LINK_LIFETIME_MS - 1;
  assert.is(server.read(grant).session, SESSION);
  clock.now = START + LINK_LIFETIME_MS;
  assert.is(
    refused(() => server.redeem(grant)),
    'link_used',
  );
});

test('a link from before the start of the server is refused, so that no restart makes a used one valid', () => {
  const { command, clock, now } = both();
  const grant = grantOf(command().link(SESSION));
  clock.now += 1;
  assert.is(
    refused(() => new SessionLinks(key, now).redeem(grant)),
    'link_used',
  );
});

test('a used link stays used until it expires, however many others are used', () => {
  const { server, command, clock } = both();
  const first = grantOf(command().link(SESSION));
  server.redeem(first);
  for (let minute = 0; minute < 9; minute++) {
    clock.now += 60_000;
    server.redeem(grantOf(command().link(SESSION)));
    assert.is(
      refused(() => server.redeem(first)),
      'link_used',
    );
  }
});

test('no link with a character changed is accepted, nor one of another key or purpose', () => {
  const { server, command, now } = both();
  const grant = grantOf(command().link(SESSION));
  for (let at = 0; at < grant.length; at++) {
    const other = `${grant.slice(0, at)}${grant[at] === 'A' ? 'B' : 'A'}${grant.slice(at + 1)}`;
    assert.is(
      refused(() => server.redeem(other)),
      'link_used',
      other,
    );
  }
  const foreign = new SessionLinks(new Uint8Array(32).fill(8), now);
  const grants = new Grants(key, now);
  for (const wrong of [
    grantOf(foreign.link(SESSION)),
    grants.sign('operator-link', LINK_LIFETIME_MS),
    grants.sign('operator-link', LINK_LIFETIME_MS, SESSION),
    grants.sign('operator-request', LINK_LIFETIME_MS, SESSION),
    grants.sign('session-link', LINK_LIFETIME_MS),
    new Tokens(key).issue(SESSION).token,
    '',
  ]) {
    assert.is(
      refused(() => server.redeem(wrong)),
      'link_used',
      wrong,
    );
  }
  assert.is(new Tokens(key).verify(grant), null, 'a link is no token either');
  assert.not(new OperatorAuth(key, now).isLinkGrant(grant));
  assert.is(server.redeem(grant), SESSION);
});

test('a request of the command is valid for a minute, and not as a link or cookie', () => {
  const clock = { now: START };
  const operators = new OperatorAuth(key, () => clock.now);
  const authorization = operators.authorization();
  assert.ok(operators.isAuthorized(authorization));
  const signed = authorization.replace('Bearer ', '');
  assert.not(operators.isLinkGrant(signed));
  assert.not(operators.isOperator(`sluice_operator=${signed}`));
  assert.not(
    operators.isAuthorized(`Bearer ${new URL(operators.link(), 'http://x').searchParams.get('grant')}`),
  );
  for (const none of [undefined, '', signed, 'Basic YTpi']) assert.not(operators.isAuthorized(none));
  clock.now += REQUEST_LIFETIME_MS;
  assert.not(operators.isAuthorized(authorization));
});

test('the grant is in the fragment, which is not logged, and the inspector redacts it', () => {
  const { command } = both();
  const link = command().link(SESSION);
  assert.match(link, /^\/link#grant=/);
  const grant = grantOf(link);
  assert.not.ok(redact(`open http://127.0.0.1:3000${link} now`).includes(grant.slice(-43)));
  assert.not.ok(redact(`the grant is ${grant}`).includes(grant.slice(-43)));
});

test.run();
