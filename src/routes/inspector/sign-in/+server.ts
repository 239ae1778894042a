import { mountedEdge } from '#lib/channel/mount.ts';
import { responseOf } from '#lib/protocol/answer.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { problemAnswer } from '#lib/protocol/problem.ts';
import type { RequestHandler } from './$types';

/** The link that `sluice operator` prints. */
export const GET: RequestHandler = ({ request }) =>
  mountedEdge().signIn(request) ?? responseOf(problemAnswer(new SluiceError('not_found')));
