/** yt-dlp's argv. No shell, no option that a URL or a stream id could smuggle in, no code from outside. */
import { MAX_ITEMS } from '../../foreign/limits.ts';
import { sluiceTemplates } from '../progress/sluice-template.ts';

/** Written by yt-dlp into its current dir: what it is going to fetch, and where the finished file is. */
export const FOUND_FILE = 'sluice-found.jsonl';
export const DONE_FILE = 'sluice-done.jsonl';
/** Everything that yt-dlp downloads begins with this. */
export const MEDIA_PREFIX = 'media.';

export interface CommonOptions {
  /** A Node for the players' JavaScript: YouTube cannot be read without one. null = none. */
  nodePath: string | null;
  /** The folder of the ffmpeg and ffprobe that may be started. */
  ffmpegDir: string;
}

function common({ nodePath, ffmpegDir }: CommonOptions): string[] {
  return [
    '--ignore-config',
    '--no-exec',
    '--no-plugin-dirs',
    '--no-remote-components',
    '--no-js-runtimes',
    ...(nodePath === null ? [] : ['--js-runtimes', `node:${nodePath}`]),
    // Always, or yt-dlp would look on PATH by itself.
    '--ffmpeg-location',
    ffmpegDir,
    '--color=never',
    '--socket-timeout=20',
  ];
}

/** One JSON on stdout. Entries that have pages of their own are listed, not opened: a channel takes seconds, not hours. */
export function parseArguments(url: string, options: CommonOptions): string[] {
  return [
    ...common(options),
    '--dump-single-json',
    '--flat-playlist',
    `--playlist-items=1:${MAX_ITEMS + 1}`,
    '--retries=1',
    '--extractor-retries=1',
    '--',
    url,
  ];
}

export interface DownloadArguments extends CommonOptions {
  /** A page, or the file of a saved info JSON. */
  from: { url: string } | { infoFile: string };
  /** Which of the videos on the page, from 1; also for an info JSON, as yt-dlp opens the page when that is stale. */
  item: number;
  selector: string;
  /** Letters and digits that no page can know: they begin each progress line. */
  nonce: string;
}

/** Runs in the work dir; every name in it is relative, so no path needs escaping for yt-dlp's templates. */
export function downloadArguments(options: DownloadArguments): string[] {
  const templates = sluiceTemplates(options.nonce);
  const found = ['title', 'ext', 'filesize'].map((name) => `"${name}":%(${name}|null)j`).join(',');
  const parts = '"parts":%(requested_formats.:.{format_id,filesize,filesize_approx,tbr}|null)j';
  return [
    ...common(options),
    `--format=${options.selector}`,
    '--no-playlist',
    `--playlist-items=${options.item}`,
    '--match-filters=!is_live',
    '--newline',
    `--progress-template=${templates.download}`,
    `--progress-template=${templates.postprocess}`,
    // Else a line for each block.
    '--progress-delta=0.1',
    '--no-mtime',
    '--continue',
    '--part',
    '--retries=3',
    '--fragment-retries=5',
    // A stream with a hole in it is not a finished file.
    '--abort-on-unavailable-fragments',
    '--print-to-file',
    `before_dl:{${found},${parts}}`,
    FOUND_FILE,
    '--print-to-file',
    'after_move:%(filepath)j',
    DONE_FILE,
    '--trim-filenames=150',
    // The format is in the name: another attempt that gets another format must not go on with this one's bytes.
    `--output=${MEDIA_PREFIX}%(format_id)s.%(ext)s`,
    ...('url' in options.from ? ['--', options.from.url] : ['--load-info-json', options.from.infoFile]),
  ];
}
