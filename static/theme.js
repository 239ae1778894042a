// Runs before the first paint, so that a dark page does not flash white. See src/lib/ui/theme.svelte.ts.
try {
  const theme = localStorage.getItem('sluice.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is disabled: follow the system's theme.
}
