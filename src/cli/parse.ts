import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { createLogger } from '../server/log.ts';
import { type CliCommand, textOption } from './command.ts';
import { engineOption } from './get.ts';
import { openOwnSession, openSessionAt } from './session.ts';
import { formatBytes, printable } from './text.ts';

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
      const result = await session.channel.send('parse', { url, engine }, { signal: stopping.signal });
      io.stdout.write(values['json'] === true ? `${JSON.stringify(result)}\n` : asText(result));
      return 0;
    } finally {
      await session.close();
      stopListening();
    }
  },
};

function asText({ engine, items }: ParseResult): string {
  return `${items.map(itemText).join('\n')}\nFound by ${engine}.\n`;
}

function itemText({ title, site, type, url, streams }: MediaItem): string {
  const idWidth = Math.max(...streams.map(({ id }) => id.length), 0);
  const qualityWidth = Math.max(...streams.map(({ quality }) => quality.length), 0);
  const lines = streams.map(({ id, quality, bytes, ext, isDefault }) => {
    const size = bytes === null ? 'size not known' : formatBytes(bytes);
    const columns = [
      printable(id).padEnd(idWidth),
      printable(quality).padEnd(qualityWidth),
      printable(ext).padEnd(5),
      size,
    ];
    return `  ${isDefault ? '*' : ' '} ${columns.join('  ')}\n`;
  });
  return `${printable(title)} (${type}, ${printable(site)})\n  ${printable(url)}\n${lines.join('')}`;
}
