/** What yt-dlp says in lines beside its progress. */
import { CLOSE, OPEN, SPACE, startsWith, toBytes, toText, withoutEscapes } from './bytes.ts';
import type { Run } from './run.ts';

/**
 * yt-dlp's postprocessors by the names they print. A list, as extractors print names in brackets too.
 * Source: yt_dlp/postprocessor of 2026.10.26.
 */
const POSTPROCESSORS = new Set([
  'Concat',
  'CopyStream',
  'EmbedSubtitle',
  'EmbedThumbnail',
  'Exec',
  'ExecAfterDownload',
  'ExtractAudio',
  'FixupDuplicateMoov',
  'FixupDuration',
  'FixupM3u8',
  'FixupM4a',
  'FixupStretched',
  'FixupTimestamp',
  'Merger',
  'Metadata',
  'MetadataFromField',
  'MetadataFromTitle',
  'MetadataParser',
  'ModifyChapters',
  'SplitChapters',
  'SponsorBlock',
  'SubtitlesConvertor',
  'ThumbnailsConvertor',
  'VideoConvertor',
  'VideoRemuxer',
  'XAttrMetadata',
]);

const BRACKETED = /^\[(\w+)\] /;
const DOWNLOAD = '[download] ';
const DOWNLOAD_BYTES = toBytes(DOWNLOAD);
const PLAYLIST_BYTES = toBytes('Playlist ');
const UPPER_A = 65;
const UPPER_Z = 90;
const SKIPPED =
  / has already been (?:downloaded|recorded in the archive)$|^File is larger than max-filesize| does not pass filter /;
const ITEM = /^Downloading item (\d+) of (\d+)$/;
const RESUMING = /^Resuming download at byte (\d+)$/;
const PLAYLIST = /^(?:Downloading|Finished downloading) playlist: /;
const ERROR = /^ERROR: ?/;
const USAGE_ERROR = /^[\w.-]+: error: (.*)$/;

export class YtDlpMessages {
  private readonly run: Run;
  /** Whether `ERROR:` lines are believed here: they come on fd 2 only, a title may come on fd 1. */
  private readonly errors: boolean;
  /**
   * Titles of playlists are printed raw, line ends and all. From there to the next file nothing is downloaded, so
   * what looks like progress is a title.
   */
  private inTitle = false;

  constructor(run: Run, errors: boolean) {
    this.run = run;
    this.errors = errors;
  }

  get progressPossible(): boolean {
    return !this.inTitle;
  }

  /** Most lines say nothing that is needed here; those are not made into strings. */
  line(b: Buffer, start: number, end: number): void {
    const c = b[start]!;
    if (c === OPEN ? this.speaks(b, start, end) : this.errors && c > SPACE) {
      this.spoken(withoutEscapes(toText(b, start, end)));
    }
  }

  /** `[download] `, the name of a postprocessor (a capital first), or `[extractor] Playlist `. */
  private speaks(b: Buffer, start: number, end: number): boolean {
    const first = b[start + 1]!;
    if ((first >= UPPER_A && first <= UPPER_Z) || startsWith(b, start, DOWNLOAD_BYTES)) return true;
    let k = start + 1;
    while (k < end && b[k] !== CLOSE) k++;
    return startsWith(b, k + 2, PLAYLIST_BYTES);
  }

  private spoken(line: string): void {
    if (line.startsWith(DOWNLOAD)) {
      this.download(line.slice(DOWNLOAD.length).trimEnd());
    } else if (this.errors && ERROR.test(line)) {
      this.run.event({ type: 'error', message: line.replace(ERROR, '').trim() });
    } else if (this.errors && USAGE_ERROR.test(line)) {
      this.run.event({ type: 'error', message: line.replace(USAGE_ERROR, '$1').trim() });
    } else {
      const name = BRACKETED.exec(line)?.[1];
      if (name === undefined) return;
      if (line.startsWith('Playlist ', name.length + 3)) this.inTitle = true;
      else this.postprocessor(name);
    }
  }

  /** A postprocessor began. */
  postprocessor(name: string): void {
    if (!POSTPROCESSORS.has(name)) return;
    this.run.event({ type: 'postprocessor', name });
    this.run.phase(name === 'Merger' ? 'merging' : 'post-processing');
  }

  private download(text: string): void {
    if (text.startsWith('Destination: ')) {
      this.inTitle = false;
      this.run.event({ type: 'part', destination: text.slice('Destination: '.length) });
      this.run.phase('downloading');
    } else if (text.startsWith('Got error: ')) {
      this.run.event({ type: 'retry', message: text });
    } else if (SKIPPED.test(text)) {
      this.inTitle = false;
      this.run.event({ type: 'skipped' });
    } else if (PLAYLIST.test(text)) {
      this.inTitle = true;
    } else {
      this.numbered(text);
    }
  }

  private numbered(text: string): void {
    const item = ITEM.exec(text);
    if (item !== null) {
      this.inTitle = false;
      this.run.event({ type: 'playlist', index: Number(item[1]), of: Number(item[2]) });
    }
    const resuming = RESUMING.exec(text);
    if (resuming !== null) this.run.event({ type: 'resuming', byte: Number(resuming[1]) });
  }
}
