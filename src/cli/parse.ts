import { ERRORS, SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { PAGE_STREAM, type PageItself } from '#lib/protocol/page-itself.ts';
import { createLogger } from '../server/log.ts';
import { type CliCommand, textOption } from './command.ts';
import { engineOption } from './get.ts';
import { parseAll } from './parse-all.ts';
import { openOwnSession, openSessionAt } from './session.ts';
import { formatBytes, formatSeconds, printable } from './text.ts';

export const parse: CliCommand = {
  synopsis: 'URL [--engine NAME] [--server URL] [--json]',
  summary: 'Lists what is behind an address: items, and the qualities of each.',
  help: '',
  options: { engine: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  arguments: { min: 1, max: 1 },
  async run([url = ''], values, io) {
    const engine = engineOption(values);
    const server = textOption(values, 'server');
    const log = createLogger('error', (line) => io.stderr.write(line));
    const session = await (server === undefined
      ? openOwnSession(io.config(), log, () => {})
      : openSessionAt(server, () => {}));
    const stopping = new AbortController();
    const stopListening = io.onInterrupt(() => stopping.abort(new Error('Interrupted.')));
    try {
      const result = await parseAll(
        (fields) => {
          return session.channel.send('parse', fields, { signal: stopping.signal });
        },
        { url, engine },
      );
      io.stdout.write(values['json'] === true ? `${JSON.stringify(result)}\n` : asText(result));
      return 0;
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.page !== null) io.stderr.write(pageText(thrown.page));
      throw thrown;
    } finally {
      await session.close();
      stopListening();
    }
  },
};

function asText({ engine, title, items, page, truncated }: ParseResult): string {
  const more = truncated ? 'There are more, which cannot be listed.\n' : '';
  const itself = page === undefined ? '' : pageText(page);
  const heading =
    title === undefined || items.length < 2 ? '' : `${printable(title)}: ${items.length} items\n\n`;
  return `${heading}${items.map(itemText).join('\n')}\n${more}${itself}Found by ${engine}.\n`;
}

function pageText({ url, ext, bytes }: PageItself): string {
  const what = `${printable(ext).toUpperCase()}, ${formatBytes(bytes)}`;
  // Quoted, as it may have an ampersand.
  const address = `'${printable(url).replaceAll("'", '%27')}'`;
  return `The page itself (${what}) is saved by: sluice get --stream ${PAGE_STREAM} ${address}\n`;
}

function itemText({ title, site, type, url, streams, unavailable, durationSeconds }: MediaItem): string {
  const idWidth = Math.max(...streams.map(({ id }) => id.length), 0);
  const qualityWidth = Math.max(...streams.map(({ quality }) => quality.length), 0);
  const lines = streams.map(({ id, quality, bytes, estimatedBytes = null, ext, isDefault }) => {
    const about = estimatedBytes === null ? 'size not known' : `about ${formatBytes(estimatedBytes)}`;
    const size = bytes === null ? about : formatBytes(bytes);
    const columns = [
      printable(id).padEnd(idWidth),
      printable(quality).padEnd(qualityWidth),
      printable(ext).padEnd(5),
      size,
    ];
    return `  ${isDefault ? '*' : ' '} ${columns.join('  ')}\n`;
  });
  const refused = unavailable === undefined ? '' : `  ${ERRORS[unavailable].title}\n`;
  const length = durationSeconds === undefined ? '' : `, ${formatSeconds(durationSeconds)}`;
  return `${printable(title)} (${type}, ${printable(site)}${length})\n  ${printable(url)}\n${refused}${lines.join('')}`;
}
