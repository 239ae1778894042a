/** Other programs that can do the same work, and their command lines. */
import { locateInstalled } from '#lib/annie/yt-dlp/locate.server.ts';
import { missing, which } from '../../tests/support/tools.ts';
import { YT_DLP_HOME, ytDlpMissing } from '../../tests/support/yt-dlp.ts';

export interface Program {
  name: string;
  /** Why it cannot be run, with the remedy; or null. */
  missing: string | null;
  /** One file, into the current dir. */
  one(url: string): string[];
  /** Many in one process, into the current dir; `list` holds the addresses, one a line. */
  many(list: string, urls: string[], atOnce: number): string[];
  /** It fetches one file after the other: many at once need many processes. */
  isSequential: boolean;
}

/** curl's config file, which names the output of each address. */
const nameOf = (url: string): string => new URL(url).pathname.slice(1);

export function programs(): Program[] {
  const python = locateInstalled(YT_DLP_HOME)?.command[0] ?? null;
  const ytDlp = [python ?? '', '-I', '-m', 'yt_dlp', '--ignore-config', '-q'];
  return [
    {
      name: 'curl',
      missing: missing('curl'),
      one: (url) => ['curl', '-sf', '-o', nameOf(url), url],
      many: (_, urls, atOnce) => [
        ...['curl', '-sf', '--parallel', '--parallel-immediate', '--parallel-max', String(atOnce)],
        ...urls.flatMap((url) => ['-o', nameOf(url), url]),
      ],
      isSequential: false,
    },
    {
      name: 'aria2',
      missing: which('aria2c') === null ? 'aria2 is not installed; type: apt-get install -y aria2' : null,
      // One connection each: several are measured in bench/http.
      one: (url) => ['aria2c', '-q', '--no-conf', '-x1', '-s1', '--file-allocation=none', url],
      many: (list, _, atOnce) => [
        ...['aria2c', '-q', '--no-conf', '-x1', '-s1', '--file-allocation=none'],
        ...['-j', String(atOnce), '-i', list],
      ],
      isSequential: false,
    },
    {
      name: 'yt-dlp',
      missing: ytDlpMissing(),
      one: (url) => [...ytDlp, '-o', nameOf(url), url],
      many: (list) => [...ytDlp, '-o', '%(id)s.%(ext)s', '-a', list],
      isSequential: true,
    },
  ];
}
