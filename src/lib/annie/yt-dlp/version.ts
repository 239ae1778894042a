/** The first release whose output and options this adapter was built and tested with. */
export const MIN_VERSION = '2026.10.26';

/** -1, 0 or 1; yt-dlp's versions are dates with an optional build number: `2026.10.26`, `2026.10.26.232842`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.trim().split('.').map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** @param text printed by `--version` */
export function isVersion(text: string): boolean {
  return /^\d{4}\.\d{1,2}\.\d{1,2}(\.\d+)?$/.test(text.trim());
}
