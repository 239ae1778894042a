import { mountedEdge } from '#lib/channel/mount.ts';
import type { PageServerLoad } from './$types';

/** So that the button is there without scripts. */
export const load: PageServerLoad = ({ url }) => ({
  issuer: mountedEdge().issuer,
  failed: url.searchParams.get('failed'),
});
