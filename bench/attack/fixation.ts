/** Making a browser use the attacker's session, or one that the attacker knows; and getting into another's. */
import { createHmac, randomBytes } from 'node:crypto';
import { ask, TestSocket } from '../../tests/edge/ask.ts';
import type { Api } from '../../tests/support/api.ts';
import type { Report } from './report.ts';
import type { Scene } from './scene.ts';

const HTML = { accept: 'text/html,*/*' };

export async function attackByFixation({ server }: Scene, report: Report): Promise<void> {
  const victim = await server.session();
  const id = await victim.add({ url: 'http://no-such-name.attack.example/mine.mp4', filename: 'mine.mp4' });
  await victim.act(id, 'pause');
  const attacker = await server.session();
  await withMadeUp(server.url, victim, report);
  await withPlanted(server.url, attacker, victim, report);
  await ofOthers(server.url, attacker, id, report);
}

/** Tokens that nobody issued. */
async function withMadeUp(url: string, victim: Api, report: Report): Promise<void> {
  const [session = '', nonce = '', signature = ''] = victim.token.split('.');
  const keys = [Buffer.alloc(32), Buffer.from('sluice'), randomBytes(32)];
  const made = [
    ...[
      '',
      '.',
      '..',
      'x',
      session,
      `${session}.${nonce}`,
      `${session}.${nonce}.`,
      `${session}..${signature}`,
    ],
    ...[
      `${nonce}.${session}.${signature}`,
      victim.token.toLowerCase(),
      `${victim.token}A`,
      victim.token.slice(0, -1),
    ],
    ...[
      `${victim.token}.x`,
      `x.${victim.token}`,
      `${victim.token}%00`,
      encodeURIComponent(`"${victim.token}"`),
    ],
    ...keys.map(
      (key) =>
        `${session}.${nonce}.${createHmac('sha256', key).update(`${session}.${nonce}`).digest('base64url')}`,
    ),
    ...[
      `${session}.${nonce}.${'A'.repeat(43)}`,
      `${session}.${'A'.repeat(12)}.${signature}`,
      '__proto__',
      '[object Object]',
    ],
    ...Array.from(victim.token, (character, at) =>
      character === '.'
        ? ''
        : victim.token.slice(0, at) + (character === 'A' ? 'B' : 'A') + victim.token.slice(at + 1),
    ),
  ];
  for (const token of made) {
    const cookie = `sluice_session=${token}`;
    const listed = await ask(url, '/api/downloads', { headers: { cookie } });
    report.attempt(listed.status === 401 ? null : `${token} in a cookie: ${listed.status}`);
    const bearer = await ask(url, '/api/downloads', { headers: { authorization: `Bearer ${token}` } });
    report.attempt(bearer.status === 401 ? null : `${token} as bearer: ${bearer.status}`);
    const page = await ask(url, '/', { headers: { ...HTML, cookie } });
    report.attempt(isGiven(page.headers, token) ? `the page keeps ${token}` : null);
    const opened = await ask(url, '/api/sessions', { method: 'POST', headers: { cookie, origin: url } });
    report.attempt(isGiven(opened.headers, token) || opened.status !== 201 ? `a session of ${token}` : null);
  }
}

const isGiven = (headers: Record<string, string | string[] | undefined>, token: string): boolean =>
  token !== '' &&
  [headers['set-cookie'] ?? []].flat().some((line) => line.split(';')[0]?.endsWith(`=${token}`));

/**
 * The attacker's own, valid session, planted beside the victim's: another program on this host, on any port, or another
 * subdomain can set a cookie for a longer path, and browsers send that first (RFC 6265, section 5.4).
 */
async function withPlanted(url: string, attacker: Api, victim: Api, report: Report): Promise<void> {
  const orders = [
    `sluice_session=${attacker.token}; sluice_session=${victim.token}`,
    `sluice_session=${attacker.token}; sluice_session=x; sluice_session=${victim.token}`,
    `sluice_first=${attacker.token}; sluice_session=${victim.token}`,
    `sluice_session=${attacker.token}; __Host-sluice_session=${victim.token}`,
    `__Host-sluice_session=${victim.token}; sluice_session=${attacker.token}`,
  ];
  for (const cookie of orders) {
    for (const [method, path] of [
      ['GET', '/api/downloads'],
      ['POST', '/api/sessions'],
      ['GET', '/'],
    ] as const) {
      const answer = await ask(url, path, {
        method,
        headers: { ...HTML, cookie, ...(method === 'POST' ? { origin: url } : {}) },
      });
      const body = answer.body.toString();
      const [attackers = ''] = attacker.token.split('.');
      const isTheirs =
        path === '/api/downloads'
          ? answer.status === 200 && !body.includes('mine.mp4')
          : body.includes(attackers);
      report.attempt(
        isTheirs
          ? `${method} ${path} uses the planted session (${cookie.replace(/\..*?(?=;|$)/g, '')})`
          : null,
      );
    }
  }
}

/** With a good session of one's own, the downloads of another. */
async function ofOthers(url: string, attacker: Api, id: string, report: Report): Promise<void> {
  const headers = { authorization: `Bearer ${attacker.token}` };
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/file'],
    ['DELETE', '?file=delete'],
    ...['pause', 'resume', 'cancel', 'retry'].map((action) => ['POST', `/${action}`]),
  ] as const) {
    const { status } = await ask(url, `/api/downloads/${id}${path}`, { method: method!, headers });
    report.attempt(status === 404 ? null : `${method} ${path} of another's download: ${status}`);
  }
  const trace = await ask(url, `/api/inspector/trace?download=${id}`, { headers });
  report.attempt(trace.status === 404 ? null : `the trace of another's download: ${trace.status}`);
  const sessions = await ask(url, '/api/operator/sessions', { headers });
  report.attempt(sessions.status === 401 ? null : `the list of all sessions: ${sessions.status}`);
  const socket = await TestSocket.open(url, { ...headers, origin: 'https://evil.example' });
  report.attempt(typeof socket === 'number' ? null : 'a socket from another site');
  if (typeof socket !== 'number') socket.close();
}
