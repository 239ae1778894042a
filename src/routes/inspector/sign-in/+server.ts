import { mounted } from '#lib/channel/mount.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { problemResponse } from '#lib/protocol/problem.ts';
import type { RequestHandler } from './$types';

/** The link that `sluice operator` prints. */
export const GET: RequestHandler = ({ request }) =>
  mounted().signIn(request) ?? problemResponse(new SluiceError('not_found'));
