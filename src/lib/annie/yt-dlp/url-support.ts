/** Which hosts yt-dlp has code for, according to yt-dlp itself, without the network. Cached by host. */
import { dropOldest } from '../../protocol/drop-oldest.ts';
import type { UrlSupport } from '../engine.ts';

/** Extractors that match everything, or match an address only to refuse it. */
const CATCH_ALL = /^(generic|html5|knowndrm|knownpiracy|commonmistakes|unicodebom|unsupported.*)$/i;

/** A few kB, and more hosts than a person visits. */
const MAX_HOSTS = 500;

/** @param listing output of `--list-extractors -- url`: names, and under each the addresses that it matches */
export function supportIn(listing: string, url: string): UrlSupport {
  let name = '';
  let support: UrlSupport = 'no';
  for (const line of listing.split('\n')) {
    if (!line.startsWith('  ')) {
      name = line.trim();
    } else if (line.trim() === url && !name.endsWith('(CURRENTLY BROKEN)')) {
      if (!CATCH_ALL.test(name)) return 'site';
      support = 'generic';
    }
  }
  return support;
}

/** Addresses of single machines belong to no site, and are not worth half a second of yt-dlp. */
export function isSingleMachine(hostname: string): boolean {
  return /^[\d.]+$|^\[|^localhost$|\.localhost$/.test(hostname) || !hostname.includes('.');
}

export interface SupportByHost {
  of(url: URL): Promise<UrlSupport>;
}

/** @param list runs yt-dlp and returns its listing; called once at a time for a host */
export function createSupportByHost(list: (url: string) => Promise<string>): SupportByHost {
  const hosts = new Map<string, Promise<UrlSupport>>();
  return {
    async of(url) {
      if (isSingleMachine(url.hostname)) return 'generic';
      const known = hosts.get(url.hostname);
      if (known) return known;
      const support = list(url.href).then((listing) => supportIn(listing, url.href));
      hosts.set(url.hostname, support);
      // A failed run says nothing about the host.
      support.catch(() => hosts.delete(url.hostname));
      dropOldest(hosts, MAX_HOSTS);
      return support;
    },
  };
}
