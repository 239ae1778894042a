import type { ServerResponse } from 'node:http';
import { problemHeaders, problemOf } from '../protocol/problem.ts';

/** As `problemResponse`, for a request that never gets as far as the page's handler. */
export function sendProblem(response: ServerResponse, thrown: unknown): void {
  const problem = problemOf(thrown);
  response.writeHead(problem.status, problemHeaders(thrown)).end(JSON.stringify(problem));
}
