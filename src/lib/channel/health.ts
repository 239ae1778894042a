import { SluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import type { Edge } from './edge.ts';

/** The process lives and its event loop turns. */
export function healthz(): Response {
  return Response.json({ status: 'ok' }, { headers: { 'cache-control': 'no-store' } });
}

/** Whether a balancer should send requests here: 200, or 503 with the reasons. */
export function readyz(edge: Pick<Edge, 'reasonsNotReady'>): Response {
  const reasons = edge.reasonsNotReady();
  if (reasons.length === 0)
    return Response.json({ status: 'ready' }, { headers: { 'cache-control': 'no-store' } });
  const error = new SluiceError('not_ready', reasons.join(' '));
  return Response.json(
    { ...problemOf(error), reasons },
    { status: error.status, headers: problemHeaders(error) },
  );
}
