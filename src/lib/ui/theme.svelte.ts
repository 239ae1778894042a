/** The colour theme: kept in localStorage, applied before the first paint by static/theme.js. */
export const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const KEY = 'sluice.theme';

let current: Theme = $state('system');

export function theme(): Theme {
  return current;
}

export function readTheme(): void {
  const kept = document.documentElement.dataset['theme'];
  current = THEMES.find((known) => known === kept) ?? 'system';
}

export function switchTheme(next: Theme): void {
  current = next;
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage is off in this browser: the choice lasts as long as the page.
  }
}
