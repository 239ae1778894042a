/** Which hosts yt-dlp has code for: asked of yt-dlp itself, without the network, and remembered. */
import type { Claim } from '../engine.ts';

/** Extractors that match an address only to say that they do not take it, or take everything. */
const NOT_A_SITE = /^(generic|html5|knowndrm|knownpiracy|commonmistakes|unicodebom|unsupported.*)$/i;

/** Hosts remembered: a few kB, more than a person visits. */
const MAX_HOSTS = 500;

/** The claim on `url` in the output of `--list-extractors -- url`: names, and under each the addresses it takes. */
export function claimIn(listing: string, url: string): Claim {
  let name = '';
  let claim: Claim = 'no';
  for (const line of listing.split('\n')) {
    if (!line.startsWith('  ')) {
      name = line.trim();
    } else if (line.trim() === url && !name.endsWith('(CURRENTLY BROKEN)')) {
      if (!NOT_A_SITE.test(name)) return 'site';
      claim = 'generic';
    }
  }
  return claim;
}

/** An address of one machine is no site's: not worth half a second of yt-dlp. */
export function isNobodysSite(hostname: string): boolean {
  return /^[\d.]+$|^\[|^localhost$|\.localhost$/.test(hostname) || !hostname.includes('.');
}

export interface Claims {
  of(url: URL): Promise<Claim>;
}

/** `list` runs yt-dlp and returns its listing; only one runs at a time for a host. */
export function createClaims(list: (url: string) => Promise<string>): Claims {
  const hosts = new Map<string, Promise<Claim>>();
  return {
    async of(url) {
      if (isNobodysSite(url.hostname)) return 'generic';
      const known = hosts.get(url.hostname);
      if (known) return known;
      const asked = list(url.href).then((listing) => claimIn(listing, url.href));
      hosts.set(url.hostname, asked);
      // A run that failed says nothing about the host.
      asked.catch(() => hosts.delete(url.hostname));
      if (hosts.size > MAX_HOSTS) hosts.delete(hosts.keys().next().value as string);
      return asked;
    },
  };
}
