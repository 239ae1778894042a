import { untrack } from 'svelte';
import { m } from '#lib/paraglide/messages.js';
import type { Session } from '../state/session.svelte.ts';

/** Tells of addresses that wait for the connection for as long as they do. To be called while a component starts. */
export function tellDelayed(session: Session): void {
  $effect(() => {
    const count = session.delayed;
    if (count === 0) return;
    const text = m.add_delayed({ count });
    return untrack(() => session.notices.stand(text));
  });
}
