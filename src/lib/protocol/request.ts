/**
 * The routes of the HTTP API and the requests they parse to, as plain data. Used by the edge, and by a session that is
 * called with `fetch`.
 */
import { type Action, ACTIONS } from './actions.ts';
import { type Command, type CommandFields, parseJson, readCommandBody } from './commands.ts';
import { DOWNLOAD_STATES, type DownloadState } from './download.ts';
import { SluiceError } from './error.ts';
import { paths } from './paths.ts';

export type SessionRequest =
  | (Command & { commandId?: string | undefined })
  | { name: 'list'; states: readonly DownloadState[]; limit: number; cursor: string | null }
  | { name: 'show' | 'file'; downloadId: string };

/** Requests that the edge handles without a session. */
export type EdgeRequest =
  | {
      name:
        | 'health'
        | 'ready'
        | 'channel'
        | 'start-session'
        | 'read-link'
        | 'open-link'
        | 'list-sessions'
        | 'engines'
        | 'settings'
        | 'trace';
    }
  | DeviceRequest
  | PeopleRequest
  | SecretRequest;

/** About what a list keeps secret: see `protocol/secret.ts`. */
export type SecretRequest =
  { name: 'list-secrets' } | { name: 'put-secret' | 'remove-secret'; secret: string };

/** About the devices of a list: see `protocol/device.ts`. */
export type DeviceRequest =
  | { name: 'list-devices' | 'add-token' | 'link-device' | 'unlink-device' | 'withdraw-other-devices' }
  | { name: 'withdraw-device'; device: string };

/** About who is asking: see `protocol/people.ts`. */
export type PeopleRequest =
  | {
      name: 'account' | 'sign-in' | 'begin-oidc' | 'go-to-issuer' | 'read-invitation' | 'accept-invitation';
    }
  | PersonRequest
  | OperatorRequest;

/** Of a person about themselves. */
export type PersonRequest =
  | { name: 'sign-out' | 'sign-out-everywhere' | 'set-password' | 'add-list' }
  | { name: 'open-list' | 'list-shares' | 'share-list'; list: string }
  | { name: 'unshare-list'; list: string; person: string };

export type OperatorRequest =
  | { name: 'list-people' | 'add-person' | 'people-use' }
  | { name: 'reset-person' | 'limit-person'; person: string }
  | { name: 'remove-person'; person: string; file: 'keep' | 'delete' };

/** Ids have 11 or 12 characters. Longer than 64 is not routed at all, as storage keys are limited. */
const ID = '([^/]{1,64})';
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

interface RequestInput {
  /** The id in the path. */
  id: string;
  /** The second one. */
  second: string;
  query: URLSearchParams;
  body: string;
}
type ParseRequest<R> = (input: RequestInput) => R;
type Route<R> = [
  pattern: RegExp,
  methods: Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', ParseRequest<R>>>,
];

const SESSION_ROUTES: Route<SessionRequest>[] = [
  [
    exactly(paths.downloads),
    {
      GET: ({ query }) => readList(query),
      POST: ({ body }) => ({ name: 'add', ...readCommandBody('add', parseJson(body)) }),
    },
  ],
  [
    exactly(paths.download(ID)),
    {
      GET: ({ id }) => ({ name: 'show', downloadId: id }),
      DELETE: ({ id, query }) => ({ name: 'remove', downloadId: id, file: readFile(query) }),
    },
  ],
  [exactly(paths.file(ID)), { GET: ({ id }) => ({ name: 'file', downloadId: id }) }],
  ...ACTIONS.map((name: Action): Route<SessionRequest> => {
    return [exactly(paths.action(ID, name)), { POST: ({ id }) => ({ name, downloadId: id }) }];
  }),
  [
    exactly(paths.parse),
    { POST: ({ body }) => ({ name: 'parse', ...readCommandBody('parse', parseJson(body)) }) },
  ],
];

const EDGE_ROUTES: Route<EdgeRequest>[] = [
  [exactly(paths.health), { GET: () => ({ name: 'health' }) }],
  [exactly(paths.ready), { GET: () => ({ name: 'ready' }) }],
  [exactly(paths.channel), { GET: () => ({ name: 'channel' }) }],
  [exactly(paths.sessions), { POST: () => ({ name: 'start-session' }) }],
  [exactly(paths.readLink), { POST: () => ({ name: 'read-link' }) }],
  [exactly(paths.openLink), { POST: () => ({ name: 'open-link' }) }],
  [exactly(paths.operatorSessions), { GET: () => ({ name: 'list-sessions' }) }],
  [exactly(paths.engines), { GET: () => ({ name: 'engines' }) }],
  [exactly(paths.settings), { GET: () => ({ name: 'settings' }) }],
  [exactly(paths.trace), { GET: () => ({ name: 'trace' }) }],
  [
    exactly(paths.devices),
    {
      GET: () => ({ name: 'list-devices' }),
      POST: () => ({ name: 'add-token' }),
      DELETE: () => ({ name: 'withdraw-other-devices' }),
    },
  ],
  [
    exactly(paths.deviceLink),
    { POST: () => ({ name: 'link-device' }), DELETE: () => ({ name: 'unlink-device' }) },
  ],
  [exactly(paths.secrets), { GET: () => ({ name: 'list-secrets' }) }],
  [
    exactly(paths.secret(ID)),
    {
      PUT: ({ id }) => ({ name: 'put-secret', secret: id }),
      DELETE: ({ id }) => ({ name: 'remove-secret', secret: id }),
    },
  ],
  [exactly(paths.device(ID)), { DELETE: ({ id }) => ({ name: 'withdraw-device', device: id }) }],
  [exactly(paths.account), { GET: () => ({ name: 'account' }) }],
  [exactly(paths.startSignIn), { POST: () => ({ name: 'sign-in' }) }],
  [exactly(paths.beginOidc), { GET: () => ({ name: 'go-to-issuer' }), POST: () => ({ name: 'begin-oidc' }) }],
  [exactly(paths.signOut), { POST: () => ({ name: 'sign-out' }) }],
  [exactly(paths.signOutEverywhere), { POST: () => ({ name: 'sign-out-everywhere' }) }],
  [exactly(paths.password), { POST: () => ({ name: 'set-password' }) }],
  [exactly(paths.readInvitation), { POST: () => ({ name: 'read-invitation' }) }],
  [exactly(paths.acceptInvitation), { POST: () => ({ name: 'accept-invitation' }) }],
  [exactly(paths.lists), { POST: () => ({ name: 'add-list' }) }],
  [exactly(paths.openList(ID)), { POST: ({ id }) => ({ name: 'open-list', list: id }) }],
  [
    exactly(paths.shares(ID)),
    {
      GET: ({ id }) => ({ name: 'list-shares', list: id }),
      POST: ({ id }) => ({ name: 'share-list', list: id }),
    },
  ],
  [
    exactly(paths.share(ID, ID)),
    { DELETE: ({ id, second }) => ({ name: 'unshare-list', list: id, person: second }) },
  ],
  [exactly(paths.people), { GET: () => ({ name: 'list-people' }), POST: () => ({ name: 'add-person' }) }],
  [exactly(paths.peopleUse), { GET: () => ({ name: 'people-use' }) }],
  [exactly(paths.personLimits(ID)), { PUT: ({ id }) => ({ name: 'limit-person', person: id }) }],
  [
    exactly(paths.person(ID)),
    { DELETE: ({ id, query }) => ({ name: 'remove-person', person: id, file: readFile(query) }) },
  ],
  [exactly(paths.resetPerson(ID)), { POST: ({ id }) => ({ name: 'reset-person', person: id }) }],
];

export type MatchedRequest =
  /** @throws SluiceError `invalid_request` */
  | { by: 'edge'; parse: (query: string) => EdgeRequest }
  /** @throws SluiceError `invalid_json`, `invalid_request`, and the codes of single fields */
  | { by: 'session'; parse: (query: string, body: string) => SessionRequest };

export class MethodNotAllowed extends SluiceError {
  /** The value of the `allow` header. */
  readonly allow: string;

  constructor(methods: readonly string[]) {
    const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    super('method_not_allowed', `Use ${allow} here.`);
    this.allow = allow;
  }
}

/**
 * @param path without a query
 * @throws SluiceError `not_found`; MethodNotAllowed
 */
export function matchRequest(method: string, path: string): MatchedRequest {
  const found = findRoute(EDGE_ROUTES, path);
  if (found) {
    const parse = parserFor(found.methods, method);
    return {
      by: 'edge',
      parse: (query) => parse({ ...found, query: new URLSearchParams(query), body: '' }),
    };
  }
  const route = findRoute(SESSION_ROUTES, path);
  if (!route) throw new SluiceError('not_found');
  const parse = parserFor(route.methods, method);
  return {
    by: 'session',
    parse: (query, body) => parse({ ...route, query: new URLSearchParams(query), body }),
  };
}

function exactly(path: string): RegExp {
  return new RegExp(`^${path}$`);
}

function findRoute<R>(
  routes: readonly Route<R>[],
  path: string,
): { id: string; second: string; methods: Route<R>[1] } | null {
  for (const [pattern, methods] of routes) {
    const match = pattern.exec(path);
    if (match) return { id: match[1] ?? '', second: match[2] ?? '', methods };
  }
  return null;
}

function parserFor<R>(methods: Route<R>[1], method: string): ParseRequest<R> {
  const known = method === 'HEAD' ? 'GET' : method;
  const parse = Object.hasOwn(methods, known) ? methods[known as keyof typeof methods] : undefined;
  if (!parse) throw new MethodNotAllowed(Object.keys(methods));
  return parse;
}

function readList(query: URLSearchParams): SessionRequest {
  const wanted = query.get('state');
  const states = wanted === null || wanted === '' ? DOWNLOAD_STATES : wanted.split(',');
  for (const state of states) {
    if (!(DOWNLOAD_STATES as readonly string[]).includes(state)) {
      throw new SluiceError(
        'invalid_request',
        `state: ${JSON.stringify(state.slice(0, 32))} is not a state.`,
      );
    }
  }
  const limit = query.get('limit') === null ? DEFAULT_LIMIT : Number(query.get('limit'));
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new SluiceError('invalid_request', `limit: a whole number from 1 to ${MAX_LIMIT}.`);
  }
  return {
    name: 'list',
    states: [...new Set(states)] as DownloadState[],
    limit,
    cursor: query.get('cursor') || null,
  };
}

function readFile(query: URLSearchParams): CommandFields<'remove'>['file'] {
  const file = query.get('file') ?? 'keep';
  if (file !== 'keep' && file !== 'delete') throw new SluiceError('invalid_request', 'file: keep or delete.');
  return file;
}
