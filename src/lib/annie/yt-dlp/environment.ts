/** The whole environment of a yt-dlp: nothing of the server's or the user's own gets in. */

import { proxyEnvironment } from '../../process/job-proxy.ts';

export interface EnvironmentOptions {
  /** Where yt-dlp may keep what it learned about players; also its HOME, so that no config, netrc or cookie is found. */
  homeDir: string;
  /** yt-dlp finds its interpreter on it. */
  path: string;
  /** `http://user:password@127.0.0.1:port`; null = dial directly. In the environment, not in argv: argv is public. */
  proxyUrl: string | null;
}

export function environmentOf({ homeDir, path, proxyUrl }: EnvironmentOptions): Record<string, string> {
  return {
    PATH: path,
    HOME: homeDir,
    XDG_CACHE_HOME: homeDir,
    XDG_CONFIG_HOME: homeDir,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    PYTHONUTF8: '1',
    PYTHONNOUSERSITE: '1',
    ...proxyEnvironment(proxyUrl),
  };
}
