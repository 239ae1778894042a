/** The argv of yt-dlp: nothing that a URL or a stream id could turn into an option, and no code from outside. */
import { MAX_ITEMS } from '../../foreign/limits.ts';
import { ADDRESS_FILE } from '../address-file.ts';
import { sluiceTemplates } from '../progress/sluice-template.ts';

/** Reports that yt-dlp writes into its current dir: what it is going to fetch, and where the finished file is. */
export const PLAN_FILE = 'sluice-found.jsonl';
export const RESULT_FILE = 'sluice-done.jsonl';
/** What `fragment-check.py` notes. */
export const LISTED_FILE = 'sluice-listed.jsonl';
/** Prefix of all files that yt-dlp downloads. */
export const MEDIA_PREFIX = 'media.';

export interface CommonOptions {
  /** Node for the JavaScript of players: YouTube cannot be read without one. null = none. */
  nodePath: string | null;
  /** The folder of our wrappers for ffmpeg and ffprobe. */
  ffmpegDir: string;
}

/** With `addressFile` in the run's folder. */
export const ADDRESS_OPTION = `--batch-file=${ADDRESS_FILE}`;

function common({ nodePath, ffmpegDir }: CommonOptions): string[] {
  return [
    '--ignore-config',
    '--no-exec',
    // One job must not leave scripts for the next.
    '--no-cache-dir',
    '--no-plugin-dirs',
    '--no-remote-components',
    '--no-js-runtimes',
    ...(nodePath === null ? [] : ['--js-runtimes', `node:${nodePath}`]),
    // Always given, or yt-dlp would search PATH.
    '--ffmpeg-location',
    ffmpegDir,
    '--color=never',
    '--socket-timeout=20',
  ];
}

/**
 * Prints one JSON. Entries with their own pages are listed, not opened: a channel takes seconds, not hours.
 * @param from number of the first entry, from 1
 */
export function parseArguments(from: number, options: CommonOptions): string[] {
  return [
    ...common(options),
    '--dump-single-json',
    '--flat-playlist',
    `--playlist-items=${from}:${from + MAX_ITEMS}`,
    '--retries=1',
    '--extractor-retries=1',
    ADDRESS_OPTION,
  ];
}

export interface DownloadArguments extends CommonOptions {
  /** The page in `ADDRESS_FILE`, or a saved info JSON. */
  from: 'address' | { infoFile: string };
  /** Number of the video on the page, from 1; also for an info JSON, as yt-dlp opens the page if that is stale. */
  item: number;
  selector: string;
  /** Whether `range-check.py` checks what is resumed. Without it every request is for the whole file. */
  resumes: boolean;
  /** Random letters and digits that begin each progress line, so that no page can forge one. */
  nonce: string;
}

/** Runs in the work dir; every name in it is relative, so no path needs escaping for yt-dlp's templates. */
export function downloadArguments(options: DownloadArguments): string[] {
  const templates = sluiceTemplates(options.nonce);
  const fields = ['title', 'ext', 'filesize'].map((name) => `"${name}":%(${name}|null)j`).join(',');
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
    // Default: a line for each block.
    '--progress-delta=0.1',
    '--no-mtime',
    // yt-dlp itself resumes any bytes with any others, also when it retries.
    ...(options.resumes ? ['--continue', '--retries=3'] : ['--no-continue', '--retries=0']),
    '--part',
    '--fragment-retries=5',
    // A stream with a missing fragment is not a finished file. ffmpeg would skip it, so it fetches only what yt-dlp cannot.
    '--abort-on-unavailable-fragments',
    '--downloader=m3u8:native',
    '--downloader=dash:native',
    '--print-to-file',
    `before_dl:{${fields},${parts}}`,
    PLAN_FILE,
    '--print-to-file',
    'after_move:%(filepath)j',
    RESULT_FILE,
    '--trim-filenames=150',
    // The format is in the name, so that another attempt with another format does not resume these bytes.
    `--output=${MEDIA_PREFIX}%(format_id)s.%(ext)s`,
    ...(options.from === 'address' ? [ADDRESS_OPTION] : ['--load-info-json', options.from.infoFile]),
  ];
}
