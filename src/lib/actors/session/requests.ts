/** The session's HTTP side: what a request asks for, as one union. Bodies and queries are checked here. */
import { ACTIONS, type Action, AddRequest, ParseBody, parseBody } from '../../protocol/command.ts';
import { DOWNLOAD_STATES, type DownloadState } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import { decodeCursor } from './cursor.ts';

/** Ids have 12 characters: what is much longer was never one, and may be more than a storage key takes. */
const MAX_ID = 64;
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

export type SessionRequest =
  | { ask: 'parse'; body: ParseBody }
  | { ask: 'add'; body: AddRequest }
  | { ask: 'list'; states: readonly DownloadState[]; limit: number; beforeN: number | null }
  | { ask: 'show' | 'file'; id: string }
  | { ask: Action; id: string }
  | { ask: 'remove'; id: string; file: 'keep' | 'delete' };

/**
 * @param path below `/api`, without a trailing slash: `/downloads/ID/pause`
 * @throws SluiceError `not_found`, `method_not_allowed`, `invalid_json`, `invalid_request`, `invalid_cursor`
 */
export function readRequest(
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): SessionRequest {
  const [, root, id, action, ...rest] = path.split('/');
  if (rest.length > 0) throw new SluiceError('not_found');
  if (root === 'parse' && id === undefined) {
    allow(method, 'POST');
    return { ask: 'parse', body: parseBody(ParseBody, json(body)) };
  }
  if (root !== 'downloads') throw new SluiceError('not_found');
  if (id === undefined) {
    allow(method, 'GET', 'HEAD', 'POST');
    return method === 'POST' ? { ask: 'add', body: parseBody(AddRequest, json(body)) } : readList(query);
  }
  if (id.length > MAX_ID) throw new SluiceError('not_found');
  if (action === undefined) {
    allow(method, 'GET', 'HEAD', 'DELETE');
    return method === 'DELETE' ? { ask: 'remove', id, file: readFile(query) } : { ask: 'show', id };
  }
  // Its bytes are the edge's to send: it asks for the name.
  if (action === 'file') {
    allow(method, 'GET', 'HEAD');
    return { ask: 'file', id };
  }
  if (!isAction(action)) throw new SluiceError('not_found');
  allow(method, 'POST');
  return { ask: action, id };
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
  const cursor = query.get('cursor');
  const beforeN = cursor === null || cursor === '' ? null : decodeCursor(cursor);
  return { ask: 'list', states: [...new Set(states)] as DownloadState[], limit, beforeN };
}

function readFile(query: URLSearchParams): 'keep' | 'delete' {
  const file = query.get('file') ?? 'keep';
  if (file !== 'keep' && file !== 'delete') throw new SluiceError('invalid_request', 'file: keep or delete.');
  return file;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new SluiceError('invalid_json');
  }
}

function allow(method: string, ...methods: string[]): void {
  if (!methods.includes(method)) {
    throw new SluiceError('method_not_allowed', `Use ${methods.join(', ')} here.`);
  }
}

function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}
