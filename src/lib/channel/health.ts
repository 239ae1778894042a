import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import type { Edge } from './edge.ts';

/** Answers as long as the event loop runs. */
export function healthz(): PlainAnswer {
  return jsonAnswer({ status: 'ok' });
}

/** Whether a load balancer should send requests here: 200, or 503 with the reasons. */
export function readyz(edge: Pick<Edge, 'reasonsNotReady'>): PlainAnswer {
  const reasons = edge.reasonsNotReady();
  if (reasons.length === 0) return jsonAnswer({ status: 'ready' });
  const error = new SluiceError('not_ready', reasons.join(' '));
  return jsonAnswer({ ...problemOf(error), reasons }, error.status, problemHeaders(error));
}
