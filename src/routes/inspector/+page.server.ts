import { error } from '@sveltejs/kit';
import { mountedEdge } from '#lib/channel/mount.ts';
import type { PageServerLoad } from './$types';

/** 404 for visitors who may not inspect. */
export const load: PageServerLoad = ({ request }) => {
  if (mountedEdge().inspectorScope(request) === null) error(404);
};
