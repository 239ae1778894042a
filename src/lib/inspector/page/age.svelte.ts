/** Ages that keep up to date while they are shown, with one timer for the whole page. */
import { createSubscriber } from 'svelte/reactivity';
import { durationLabel } from '../../ui/labels.ts';
import { m } from '#lib/paraglide/messages.js';

/** Ages are shown in whole seconds. */
const TICK_MS = 1_000;

const ticking = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** @param since ms since 1970, on the server's clock */
export function ageLabel(since: number): string {
  ticking();
  const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
  return durationLabel(seconds) ?? m.inspector_long_ago();
}
