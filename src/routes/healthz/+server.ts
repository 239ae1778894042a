import { mounted } from '#lib/channel/mount.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = () => mounted().healthz();
