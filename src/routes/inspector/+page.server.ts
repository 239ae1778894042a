import { error } from '@sveltejs/kit';
import { mounted } from '#lib/channel/mount.ts';
import type { PageServerLoad } from './$types';

/** For who may not look there is no such page. */
export const load: PageServerLoad = ({ request }) => {
  if (mounted().inspector(request) === null) error(404);
};
