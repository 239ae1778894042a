/** A site of feeds: lists whose entries the tests choose. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentPieces } from './content.ts';

export interface Feeds {
  url: string;
  /** XML by path, in which `{base}` is the site's own address. Any other path is a video of 100 kB. */
  feeds: Map<string, string>;
  asked: string[];
  close(): Promise<void>;
}

interface Entries {
  title?: (n: number) => string;
  link?: (n: number) => string;
  guid?: (n: number) => string | null;
}

/** A podcast of `count` episodes, from 1. */
export function feed(count: number, { title, link, guid }: Entries = {}): string {
  const items = Array.from({ length: count }, (_, index) => {
    const n = index + 1;
    const id = guid === undefined ? `id-${n}` : guid(n);
    return (
      `<item><title>${title?.(n) ?? `Episode ${n}`}</title>${id === null ? '' : `<guid>${id}</guid>`}` +
      `<enclosure url="${link?.(n) ?? `{base}/episode-${n}.mp4`}" type="video/mp4"/></item>`
    );
  });
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>${items.join('')}</channel></rss>`;
}

export async function startFeeds(): Promise<Feeds> {
  const feeds = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const path = req.url ?? '/';
    asked.push(path);
    const xml = feeds.get(path);
    if (xml !== undefined) {
      res.writeHead(200, { 'Content-Type': 'application/rss+xml' });
      return void res.end(xml.replaceAll('{base}', site.url));
    }
    res.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': 100_000 });
    if (req.method === 'HEAD') return void res.end();
    for (const piece of contentPieces(7, 0, 100_000)) res.write(piece);
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const site: Feeds = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    feeds,
    asked,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return site;
}
