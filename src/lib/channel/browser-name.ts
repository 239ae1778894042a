/**
 * A browser as people call it, from its User-Agent: `Firefox, Android`. Many claim to be others as well, so those that are
 * built on another come first. Source: MDN, "Browser detection using the user agent".
 */
const BROWSERS: [pattern: RegExp, name: string][] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];

const SYSTEMS: [pattern: RegExp, name: string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** '' when nothing in it is known. */
export function browserName(userAgent: string | undefined): string {
  const named = (table: typeof BROWSERS): string[] =>
    table.filter(([pattern]) => pattern.test(userAgent ?? '')).map(([, name]) => name);
  return [...named(BROWSERS).slice(0, 1), ...named(SYSTEMS).slice(0, 1)].join(', ');
}
