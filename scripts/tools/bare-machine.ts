/** A machine as a new user has it: an empty home, and a PATH that holds only what Debian came with. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that tests, engines or other work may have put on this machine. */
const EXTRAS =
  /^(python|pip|pyenv|ffmpeg|ffprobe|yt-dlp|youtube-dl|lux|annie|aria2c|chrom|google-chrome|nginx|strace)/;

/** How this machine reaches the registries: without these an install could not be tried at all behind a proxy. */
const NETWORK_SETTINGS =
  /^(https?_proxy|no_proxy|npm_config_(registry|cafile|https?_proxy|noproxy)|pip_.*|ssl_cert_\w+|node_extra_ca_certs|requests_ca_bundle|git_ssl_cainfo)$/i;

export interface BareMachine {
  path: string;
  env: Record<string, string>;
}

/**
 * @param dir an empty dir, for the home and the folder of links that is the whole PATH
 * @param withEngines whether python3 and ffmpeg are there, as on a desktop
 */
export function bareMachine(dir: string, withEngines: boolean): BareMachine {
  const bin = join(dir, 'bin');
  const home = join(dir, 'home');
  mkdirSync(bin, { recursive: true });
  mkdirSync(home, { recursive: true });
  for (const from of ['/bin', '/usr/bin', '/usr/local/bin']) {
    if (!existsSync(from)) continue;
    for (const name of readdirSync(from)) {
      const wanted = !EXTRAS.test(name) || (withEngines && /^(python3|ffmpeg|ffprobe)/.test(name));
      if (wanted && !existsSync(join(bin, name))) link(join(from, name), join(bin, name));
    }
  }
  return { path: bin, env: { ...networkSettings(), PATH: bin, HOME: home, LANG: 'C.UTF-8' } };
}

export function networkSettings(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => NETWORK_SETTINGS.test(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch {
    // A dangling link of the same name (Debian's alternatives): nothing that could be run.
  }
}
