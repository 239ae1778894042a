import { untrack } from 'svelte';
import { m } from '#lib/paraglide/messages.js';
import type { Session } from '../state/session.svelte.ts';

/** Shows a notice while added addresses wait for the connection. To be called while a component is created. */
export function showDelayed(session: Session): void {
  $effect(() => {
    const count = session.delayed;
    if (count === 0) return;
    const text = m.add_delayed({ count });
    return untrack(() => session.notices.pin(text));
  });
}
