/** The environment of yt-dlp, without anything of the server's or the user's. */
import { proxyEnvironment } from '../../process/run-proxy.ts';

export interface EnvironmentOptions {
  /** For yt-dlp's cache of players; also its HOME, so that it finds no config, netrc or cookies. */
  homeDir: string;
  /** Where yt-dlp finds its interpreter. */
  path: string;
  /** `http://user:password@127.0.0.1:port`; null = connect directly. Not in argv, which other users can read. */
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
