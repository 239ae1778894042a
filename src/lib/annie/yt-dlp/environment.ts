/** The environment of yt-dlp, without anything of the server's or the user's. */

/** @param path where yt-dlp finds its interpreter. HOME is added for each run: there it finds no config, netrc or cookies. */
export function environmentOf(path: string): Record<string, string> {
  return { PATH: path, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', PYTHONUTF8: '1', PYTHONNOUSERSITE: '1' };
}
