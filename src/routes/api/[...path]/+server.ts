import { mounted } from '#lib/channel/mount.ts';
import type { RequestHandler } from './$types';

/** The whole API is one handler (src/lib/channel/api.ts): it knows paths, methods and their errors. */
export const fallback: RequestHandler = ({ request }) => mounted().api(request);
