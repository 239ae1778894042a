/**
 * An operator looks into somebody's lists, for an hour: titles and states, nothing else, and nothing to change. It is by the
 * operator's own sign-in, so what ends that ends it; whether it is active is kept in the list, which shows it on every page that has it open.
 */
import type { PersonList } from '../../actors/directory/rows.ts';
import { jsonAnswer, type PlainAnswer } from '../../protocol/answer.ts';
import { DOWNLOAD_STATES, type DownloadView } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { DevicePerson } from '../../protocol/people.ts';
import type { OperatorRequest } from '../../protocol/request.ts';
import {
  type BegunVisit,
  isActiveVisit,
  type Visit,
  type VisitList,
  type VisitView,
} from '../../protocol/visit.ts';
import type { VisitedList, VisitedRow } from '../../protocol/visited-list.ts';
import type { Edge } from '../edge.ts';

type VisitEdge = Pick<Edge, 'people' | 'session'>;
export type VisitRequest = Extract<OperatorRequest, { name: 'begin-visit' | 'end-visit' | 'show-visit' }>;

const ROWS = 100;

/** @throws SluiceError `not_found`, `visit_over`; `invalid_request` for one's own lists */
export async function answerVisit(
  asked: VisitRequest,
  operator: DevicePerson,
  edge: VisitEdge,
): Promise<PlainAnswer> {
  if (asked.person === operator.id)
    throw new SluiceError('invalid_request', 'Your own lists are open to you anyway.');
  const lists = await ownListsOf(asked.person, edge);
  switch (asked.name) {
    case 'begin-visit':
      return begin(lists, operator, edge);
    case 'end-visit':
      for (const { id } of lists)
        await edge.session(id).call('visits', { type: 'end', person: operator.id, by: 'operator' });
      return { status: 204, headers: {}, body: null };
    case 'show-visit':
      if (!lists.some(({ id }) => id === asked.list)) throw new SluiceError('not_found');
      return show(asked.list, asked.cursor, operator, edge);
  }
}

async function ownListsOf(person: string, { people }: VisitEdge): Promise<PersonList[]> {
  const account = await people.directory.call('account', person);
  if (account === null) throw new SluiceError('not_found', 'There is no such person.');
  return account.lists.filter(({ sharedBy }) => sharedBy === null);
}

async function begin(
  lists: readonly PersonList[],
  { id, name }: DevicePerson,
  edge: VisitEdge,
): Promise<PlainAnswer> {
  if (lists.length === 0) throw new SluiceError('not_found', 'They have no list yet.');
  const ends: number[] = [];
  for (const list of lists) {
    const visits = await edge.session(list.id).call('visits', { type: 'begin', person: id, name });
    ends.push(activeOf(visits, id)?.until ?? Date.now());
    edge.people.log("an operator opened another's list", { session: list.id, person: name });
  }
  const until = new Date(Math.min(...ends)).toISOString();
  const shown = lists.map((list) => ({ id: list.id, name: list.name }));
  return jsonAnswer({ until, lists: shown } satisfies BegunVisit, 201);
}

async function show(
  list: string,
  cursor: string | null,
  { id }: DevicePerson,
  edge: VisitEdge,
): Promise<PlainAnswer> {
  const session = edge.session(list);
  const visit = activeOf(await session.call('visits'), id);
  if (visit === undefined) throw new SluiceError('visit_over');
  const page = { name: 'list', states: DOWNLOAD_STATES, limit: ROWS, cursor } as const;
  const answer = await session.call('ask', page);
  if (answer.status !== 200) return answer;
  const { downloads, next } = JSON.parse(answer.body ?? '') as {
    downloads: DownloadView[];
    next: string | null;
  };
  const until = new Date(visit.until).toISOString();
  return jsonAnswer({ until, downloads: downloads.map(rowOf), next } satisfies VisitedList);
}

/** Ends the visits of the list that a person has open, which needs no directory, and in all of their own. */
export async function endVisits(person: string, open: string, edge: VisitEdge): Promise<PlainAnswer> {
  const end = { type: 'end', person: null, by: 'owner' } as const;
  await edge.session(open).call('visits', end);
  for (const { id } of await ownListsOf(person, edge)) await edge.session(id).call('visits', end);
  return { status: 204, headers: {}, body: null };
}

/** The newest first. */
export async function listVisits(person: string, edge: VisitEdge): Promise<PlainAnswer> {
  const found: (Visit & { list: string })[] = [];
  for (const { id, name } of await ownListsOf(person, edge))
    for (const visit of await edge.session(id).call('visits')) found.push({ ...visit, list: name });
  found.sort((a, b) => b.from - a.from);
  return jsonAnswer({ visits: found.map(viewOf) } satisfies VisitList);
}

function activeOf(visits: readonly Visit[], person: string): Visit | undefined {
  return visits.find((visit) => visit.person === person && isActiveVisit(visit, Date.now()));
}

function rowOf(view: DownloadView): VisitedRow {
  const { id, title, state, receivedBytes, totalBytes, percent, createdAt, error } = view;
  // Its text may name an address.
  return { id, title, state, receivedBytes, totalBytes, percent, createdAt, error: error?.code ?? null };
}

function viewOf({ name, list, from, until, ended }: Visit & { list: string }): VisitView {
  const iso = (at: number): string => new Date(at).toISOString();
  const end = ended === null && until <= Date.now() ? { at: until, by: 'time' as const } : ended;
  return {
    name,
    list,
    from: iso(from),
    until: iso(until),
    ended: end === null ? null : { at: iso(end.at), by: end.by },
  };
}
