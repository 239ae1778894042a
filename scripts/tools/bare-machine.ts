/** A new user's machine: an empty home, and a PATH with only Debian's programs. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that tests or engines may have installed on this machine. */
const EXTRAS =
  /^(python|pip|pyenv|ffmpeg|ffprobe|yt-dlp|youtube-dl|lux|annie|aria2c|chrom|google-chrome|nginx|strace)/;

/** Settings that npm needs behind a proxy. */
const NETWORK_SETTINGS =
  /^(https?_proxy|no_proxy|npm_config_(registry|cafile|https?_proxy|noproxy)|pip_.*|ssl_cert_\w+|node_extra_ca_certs|requests_ca_bundle|git_ssl_cainfo)$/i;

export interface BareMachine {
  path: string;
  env: Record<string, string>;
}

/**
 * @param dir an empty dir, for the home and a folder of links, which is the whole PATH
 * @param withEngines whether python3 and ffmpeg are on PATH, as on a desktop
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
    // There is a dangling link of the same name (Debian's alternatives).
  }
}
