import { readFile } from 'node:fs/promises';
import { replay as replayEvents } from '#lib/annie/replay.ts';
import { type Command, textOf, UsageError } from './command.ts';

export const replay: Command = {
  synopsis: 'FILE.jsonl [--rechunk N]',
  summary: 'Feeds a recording of an engine through the real progress parser; one JSON line for each event.',
  help: `
  --rechunk N   cut the stream into chunks of N bytes instead of those that were recorded`,
  options: { rechunk: { type: 'string' } },
  arguments: { min: 1, max: 1 },
  async run([file = ''], values, io) {
    const rechunkBytes = readCount(textOf(values, 'rechunk'));
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      io.stderr.write(`sluice: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).\n`);
      return 1;
    }
    let lines = '';
    for (const event of replayEvents(text, { rechunkBytes })) {
      lines += `${JSON.stringify(event)}\n`;
      if (lines.length < 65_536) continue;
      io.stdout.write(lines);
      lines = '';
    }
    io.stdout.write(lines);
    return 0;
  },
};

function readCount(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('--rechunk takes a number of bytes, 1 or more.');
  return Number(text);
}
