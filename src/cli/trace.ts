import { parseTrace } from '#lib/inspector/trace-file.ts';
import type { CliCommand } from './command.ts';
import { readTextFile } from './text-file.ts';
import { traceLines } from './trace-lines.ts';

export const trace: CliCommand = {
  synopsis: 'FILE',
  summary: 'Prints a trace that the inspector exported: what happened to a download, step by step.',
  help: `
The file holds no secrets as far as Sluice knows them. Its engine output can be run through the parser again:
sluice replay FILE`,
  options: {},
  arguments: { min: 1, max: 1 },
  async run([file = ''], _values, io) {
    const text = await readTextFile(file, io);
    if (text === null) return 1;
    for (const line of traceLines(parseTrace(text))) io.stdout.write(`${line}\n`);
    return 0;
  },
};
