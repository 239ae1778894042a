import { VERSION } from '../server/version.ts';
import type { CliCommand } from './command.ts';
import { CLI_COMMANDS } from './table.ts';

export async function overview(): Promise<string> {
  const lines: string[] = [];
  for (const [name, load] of Object.entries(CLI_COMMANDS)) {
    const { synopsis, summary } = await load();
    lines.push(`  sluice ${name} ${synopsis}`.trimEnd(), `      ${summary}`);
  }
  return `Sluice ${VERSION}: paste a page or media address, pick a quality, watch it arrive.

${lines.join('\n')}

  sluice help COMMAND    more about one of them
  sluice --version

Settings come from the environment (SLUICE_PORT, SLUICE_DOWNLOAD_DIR, …): see README.md.
Exit codes: 0 done, 1 failed, 2 the command line is wrong.
`;
}

export function commandHelp(name: string, { synopsis, summary, help }: CliCommand): string {
  // Only the line break is trimmed at the start: a list of options keeps the indentation of its first line.
  const more = help === '' ? '' : `\n${help.replace(/^\n/, '').trimEnd()}\n`;
  return `${`sluice ${name} ${synopsis}`.trimEnd()}\n\n${summary}\n${more}`;
}
