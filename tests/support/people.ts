/** People of a server with SLUICE_AUTH=password, as browsers and the command use it. */
import * as assert from 'uvu/assert';
import type { AccountView, InvitedPerson } from '#lib/protocol/people.ts';
import { type Asked, ask, type RawAnswer } from '../edge/ask.ts';
import { sluice } from './cli.ts';
import type { TestServer } from './server.ts';
import { waitFor } from './wait.ts';

export const PASSWORD = 'correct horse battery';

/** A browser without a window: it keeps its session cookie, and sends what browsers send. */
export class Person {
  readonly url: string;
  cookie: string;
  /** Kept when they sign out. */
  #known = '';

  constructor(url: string, cookie = '') {
    this.url = url;
    this.cookie = cookie;
  }

  async call(method: string, path: string, body?: unknown, more: Asked['headers'] = {}): Promise<RawAnswer> {
    const cookie = [this.cookie, this.#known].filter((each) => each !== '').join('; ');
    const headers: Record<string, string> = { origin: this.url, cookie, ...more };
    const asked: Asked = { method, headers };
    if (body !== undefined) {
      asked.body = JSON.stringify(body);
      headers['content-type'] = 'application/json';
    }
    const answer = await ask(this.url, path, asked);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [cookie = ''] = line.split(';');
      if (cookie.startsWith('sluice_session=')) this.cookie = cookie;
      if (cookie.startsWith('sluice_known=')) this.#known = cookie;
    }
    return answer;
  }

  async expect<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body);
    const text = answer.body.toString();
    assert.is(answer.status, status, `${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  account(): Promise<AccountView> {
    return this.expect(200, 'GET', '/api/account');
  }

  /** The addresses in the list that is open. */
  async listed(): Promise<string[]> {
    const { downloads } = await this.expect<{ downloads: { url: string }[] }>(200, 'GET', '/api/downloads');
    return downloads.map(({ url }) => url);
  }

  /** Of an operator: adds a person. @returns the browser that is signed in */
  async add(name: string): Promise<Person> {
    const { path } = await this.expect<InvitedPerson>(201, 'POST', '/api/people', { name });
    return accept(this.url, path ?? '');
  }

  signIn(name: string, password = PASSWORD): Promise<RawAnswer> {
    return this.call('POST', '/api/account/sign-in', { name, password });
  }
}

/** The grant in a link. */
export function grantOf(link: string): string {
  return link.split('#grant=')[1] ?? '';
}

/** The link that the start of a server prints while there is nobody. */
export function firstLinkOf(server: TestServer): Promise<string> {
  return waitFor(() => /http:\S+\/sign-in#grant=[\w-]+/.exec(server.log)?.[0], { what: 'the first link' });
}

/** Uses a link up. @returns the browser that is signed in */
export async function accept(url: string, link: string, name?: string): Promise<Person> {
  const person = new Person(url);
  const body = { grant: grantOf(link), password: PASSWORD, ...(name === undefined ? {} : { name }) };
  await person.expect(200, 'POST', '/api/invitations/accept', body);
  return person;
}

/** Adds a person by the command. @returns the browser that is signed in */
export async function addPerson(server: TestServer, name: string, ...options: string[]): Promise<Person> {
  const args = ['people', 'add', name, '--json', ...options];
  const { stdout, stderr, code } = await sluice(args, { place: server.place });
  assert.equal([code, stderr], [0, '']);
  return accept(server.url, (JSON.parse(stdout) as InvitedPerson).path ?? '');
}
