/** The language of the page, switched without a reload. The server picks the initial one (hooks.server.ts). */
import { getLocale, locales, overwriteGetLocale, setLocale } from '#lib/paraglide/runtime.js';

type Locale = (typeof locales)[number];

export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', zh: '中文' };
export const LOCALES = [...locales];

const inBrowser = typeof document !== 'undefined';

let current: Locale = $state(inBrowser ? readDocument() : 'en');

// Messages read the locale on each call: reading `current` here makes every text reactive.
if (inBrowser) overwriteGetLocale(() => current);

export function locale(): Locale {
  return inBrowser ? current : getLocale();
}

export function switchLocale(next: Locale): void {
  void setLocale(next, { reload: false });
  current = next;
  document.documentElement.lang = next;
}

function readDocument(): Locale {
  return locales.find((known) => known === document.documentElement.lang) ?? 'en';
}
