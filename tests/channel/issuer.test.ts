/** What an issuer may answer, and what comes of it: forged, broken and slow ones sign nobody in. */
import type { ServerResponse } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Rule, parseRules } from '#lib/channel/people/oidc/claims.ts';
import { Issuer } from '#lib/channel/people/oidc/issuer.ts';
import { reasonOf } from '#lib/channel/people/oidc/issuer-error.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { type ForgingIssuer, json, otherKey, PATHS, startForgingIssuer } from '../support/forging-issuer.ts';
import { CLIENT } from '../support/issuer.ts';
import { waitFor } from '../support/wait.ts';

const ATTEMPT = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43), link: null };
const BACK = 'https://sluice.example/sign-in';
let issuer: ForgingIssuer;

test.before.each(async () => {
  issuer = await startForgingIssuer(ATTEMPT.nonce);
});
test.after.each(() => issuer.close());

function clientOf(rules: Rule[] = [], options?: { waitMs?: number; now?: () => number }): Issuer {
  const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret };
  return new Issuer({ issuer: new URL(issuer.url), ...client, rules }, options);
}

function returned(more: Record<string, string> = {}): URL {
  return new URL(`${BACK}?${new URLSearchParams({ code: 'code', state: ATTEMPT.state, ...more })}`);
}

async function outcome(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'signed in';
  } catch (thrown) {
    return thrown instanceof SluiceError ? thrown.code : String(thrown);
  }
}

const signIn = (more?: Record<string, string>, rules?: Rule[]) =>
  outcome(clientOf(rules).identify(returned(more), ATTEMPT));

test('a right answer says who it is, by issuer and subject, whatever they are called', async () => {
  const ann = await clientOf().identify(returned(), ATTEMPT);
  assert.equal(ann.names, ['Ann']);
  Object.assign(issuer.claims, {
    preferred_username: 'Renamed',
    email: 'a@example.org',
    email_verified: true,
  });
  const renamed = await clientOf().identify(returned(), ATTEMPT);
  assert.equal([renamed.identity, renamed.names], [ann.identity, ['Renamed', 'a@example.org']]);
  issuer.claims['sub'] = 'subject-2';
  assert.is.not((await clientOf().identify(returned(), ATTEMPT)).identity, ann.identity);
});

test('the browser is sent there with PKCE, state and nonce, and with nothing that is secret', async () => {
  const { searchParams } = await clientOf().address(BACK, ATTEMPT);
  const sent = Object.fromEntries(searchParams);
  assert.is(sent['code_challenge_method'], 'S256');
  assert.equal([sent['state'], sent['nonce'], sent['redirect_uri']], [ATTEMPT.state, ATTEMPT.nonce, BACK]);
  assert.is(sent['scope'], 'openid profile email');
  assert.not.match(searchParams.toString(), ATTEMPT.verifier);
  assert.not.match(decodeURIComponent(searchParams.toString()), CLIENT.secret);
});

for (const [what, forge, code] of [
  ['signed by another key', () => (issuer.key = otherKey), 'issuer_answer'],
  ['without a signature', () => ((issuer.key = 'none'), (issuer.header = { alg: 'none' })), 'issuer_answer'],
  [
    'signed with the secret of the client',
    () => ((issuer.key = 'client-secret'), (issuer.header = { alg: 'HS256' })),
    'issuer_answer',
  ],
  ['for another client', () => (issuer.claims['aud'] = 'another'), 'issuer_answer'],
  ['for two clients', () => (issuer.claims['aud'] = [CLIENT.id, 'another']), 'issuer_answer'],
  ['of another issuer', () => (issuer.claims['iss'] = 'https://other.example'), 'issuer_answer'],
  ['of another sign-in', () => (issuer.claims['nonce'] = 'x'.repeat(43)), 'issuer_answer'],
  ['without a nonce', () => delete issuer.claims['nonce'], 'issuer_answer'],
  ['without a subject', () => delete issuer.claims['sub'], 'issuer_answer'],
  ['that is over', () => (issuer.claims['exp'] = Date.now() / 1000 - 120), 'issuer_clock'],
  ['that begins later', () => (issuer.claims['nbf'] = Date.now() / 1000 + 120), 'issuer_clock'],
] as const)
  test(`an ID token ${what} signs nobody in`, async () => {
    forge();
    assert.is(await signIn(), code);
  });

test('clocks may differ by a minute', async () => {
  issuer.claims['exp'] = Math.floor(Date.now() / 1000) - 30;
  assert.is(await signIn(), 'signed in');
});

test('what another issuer sends the browser back with is not taken to this one', async () => {
  assert.is(await signIn({ iss: 'https://other.example' }), 'issuer_answer');
  assert.not.ok(issuer.asked.includes(PATHS.token), 'the code was not given away');
  issuer.metadata['authorization_response_iss_parameter_supported'] = true;
  assert.is(await signIn(), 'issuer_answer', 'one that always says who it is has to');
  assert.is(await signIn({ iss: issuer.url }), 'signed in');
  assert.is(await signIn({ state: 'another' }), 'issuer_answer');
  issuer.metadata['issuer'] = 'https://other.example';
  assert.is(await signIn(), 'issuer_answer', 'nor is another issuer that answers at its address');
});

test('calling it off there is no fault, and the trouble of the issuer passes', async () => {
  const failed = (error: string) =>
    outcome(clientOf().identify(new URL(`${BACK}?error=${error}&state=${ATTEMPT.state}`), ATTEMPT));
  assert.equal(
    [await failed('access_denied'), await failed('temporarily_unavailable'), await failed('invalid_scope')],
    ['sign_in_denied', 'issuer_away', 'issuer_answer'],
  );
  issuer.answers[PATHS.token] = (_, response) => json(response, { error: 'invalid_grant' }, 400);
  assert.is(await signIn(), 'issuer_answer', 'a code that was used');
  issuer.answers[PATHS.token] = (_, response) => json(response, {}, 503);
  assert.is(await signIn(), 'issuer_away');
  issuer.answers[PATHS.metadata] = (_, response) => json(response, {}, 502);
  assert.is(await signIn(), 'issuer_away');
  issuer.answers[PATHS.metadata] = (_, response) => response.writeHead(302, { location: BACK }).end();
  assert.is(await signIn(), 'issuer_answer', 'redirects are not followed');
  issuer.answers[PATHS.metadata] = (request) => request.socket.destroy();
  assert.is(await signIn(), 'issuer_away');
});

test('an answer without an end is cut off', async () => {
  let isCut = false;
  issuer.answers[PATHS.metadata] = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (response.write('x'.repeat(65_536)));
    };
    response.on('drain', more).on('close', () => (isCut = true));
    more();
  };
  assert.is(await signIn(), 'issuer_answer');
  await waitFor(() => isCut, { what: 'the connection to be closed' });
});

test('one that does not answer is away, and the next sign-in asks again', async () => {
  const client = clientOf([], { waitMs: 300 });
  const silent = (_: unknown, response: ServerResponse) => void response.writeHead(200).write('{');
  issuer.answers[PATHS.metadata] = silent;
  assert.is(await outcome(client.address(BACK, ATTEMPT)), 'issuer_away');
  assert.is(await client.logoutAddress(BACK), null, 'signing out goes on without');
  delete issuer.answers[PATHS.metadata];
  issuer.answers[PATHS.token] = silent;
  assert.is(await outcome(client.identify(returned(), ATTEMPT)), 'issuer_away');
  delete issuer.answers[PATHS.token];
  assert.is(await outcome(client.identify(returned(), ATTEMPT)), 'signed in');
  issuer.close();
  assert.is(await signIn(), 'issuer_away', 'nor is one that is not there');
});

test('where it has a place to sign out, the browser is sent there, and back', async () => {
  assert.is(await clientOf().logoutAddress(BACK), null);
  issuer.metadata['end_session_endpoint'] = `${issuer.url}/end`;
  const { pathname, searchParams } = new URL((await clientOf().logoutAddress(BACK)) ?? '');
  assert.equal(
    [pathname, Object.fromEntries(searchParams)],
    ['/end', { client_id: CLIENT.id, post_logout_redirect_uri: BACK }],
  );
});

test('it is asked for itself once a second, by however many sign in', async () => {
  let now = 0;
  const client = clientOf([], { now: () => now });
  await Promise.all(Array.from({ length: 5 }, () => client.address(BACK, ATTEMPT)));
  now += 999;
  await client.address(BACK, ATTEMPT);
  assert.equal(issuer.asked, [PATHS.metadata]);
  now += 1;
  await client.address(BACK, ATTEMPT);
  assert.is(issuer.asked.length, 2);
});

test('claims that are in the user info alone count, if it is of the same person', async () => {
  issuer.metadata['userinfo_endpoint'] = issuer.url + PATHS.userInfo;
  issuer.metadata['scopes_supported'] = ['openid', 'profile', 'groups'];
  delete issuer.claims['preferred_username'];
  issuer.userInfo = { sub: 'subject-1', preferred_username: 'Zoë', groups: ['media', 'staff'] };
  const rules = parseRules('groups=media, email=z@example.org');
  assert.equal((await clientOf(rules).identify(returned(), ATTEMPT)).names, ['Zoë']);
  assert.is(
    (await clientOf(rules).address(BACK, ATTEMPT)).searchParams.get('scope'),
    'openid profile groups',
  );
  issuer.userInfo['groups'] = ['staff'];
  assert.is(await signIn({}, rules), 'not_admitted');
  issuer.userInfo['email'] = 'z@example.org';
  assert.is(await signIn({}, rules), 'not_admitted', 'nobody has verified that address');
  issuer.userInfo['email_verified'] = true;
  assert.is(await signIn({}, rules), 'signed in');
  issuer.userInfo['sub'] = 'subject-2';
  assert.is(await signIn({}, rules), 'issuer_answer');
});

test('a name that cannot be shown is passed over', async () => {
  const names = async (claims: Record<string, unknown>) => {
    issuer.claims = { ...issuer.claims, ...claims };
    return (await clientOf().identify(returned(), ATTEMPT)).names;
  };
  assert.equal(await names({ preferred_username: 'x'.repeat(65), email: 'a@b.example' }), ['subject-1']);
  assert.equal(await names({ preferred_username: 'a\u202eb', email_verified: 'true' }), ['subject-1']);
  assert.equal(await names({ preferred_username: 7, email_verified: true }), ['a@b.example']);
  assert.equal(await names({ email: '', sub: 'y'.repeat(80) }), ['Person']);
});

test('rules are claims with values, and the log has a reason without secrets', async () => {
  assert.equal(parseRules(' a=b=c, urn:x/y=z ,'), [
    { claim: 'a', value: 'b=c' },
    { claim: 'urn:x/y', value: 'z' },
  ]);
  assert.throws(() => parseRules('media'), /"media" is no CLAIM=VALUE/);
  issuer.key = otherKey;
  const thrown: unknown = await clientOf()
    .identify(returned(), ATTEMPT)
    .catch((error: unknown) => error);
  const reason = reasonOf((thrown as Error).cause);
  assert.match(reason, /signature/);
  assert.not.match(reason, 'eyJ');
});

test.run();
