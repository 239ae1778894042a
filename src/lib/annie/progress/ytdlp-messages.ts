/** What yt-dlp says in lines beside its progress. */
import { CLOSE, COLON, OPEN, SPACE, startsWith, toBytes, toText, withoutEscapes } from './bytes.ts';
import type { Run } from './run.ts';

/**
 * yt-dlp's postprocessors by the names they print. A list, as extractors print names in brackets too.
 * Source: yt_dlp/postprocessor of 2026.10.26.
 */
const POSTPROCESSORS = [
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
].map((name) => ({ name, bytes: toBytes(name) }));
/** By their first letter: a line that names one takes 128 ns, with all looked through it took 193. */
const BY_LETTER = Object.groupBy(POSTPROCESSORS, ({ bytes }) => bytes[0]!);

const DOWNLOAD = toBytes('[download] ');
const DESTINATION = toBytes('Destination: ');
const GOT_ERROR = toBytes('Got error: ');
const PLAYLIST_OF = toBytes('Playlist ');
const ERROR = toBytes('ERROR:');
const USAGE_ERROR = toBytes(': error: ');
const WORD = /^\w+$/;
const UPPER_A = 65;
const UPPER_G = 71;
const UPPER_P = 80;
const UPPER_Z = 90;
const SKIPPED =
  / has already been (?:downloaded|recorded in the archive)$|^File is larger than max-filesize| does not pass filter /;
const ITEM = /^Downloading item (\d+) of (\d+)$/;
const RESUMING = /^Resuming download at byte (\d+)$/;
const PLAYLIST = /^(?:Downloading|Finished downloading) playlist: /;
const PROGRAM = /^[\w.-]+$/;

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
    if (c === OPEN) {
      if (startsWith(b, start, DOWNLOAD)) this.download(b, start + DOWNLOAD.length, end);
      else this.bracketed(b, start, end);
    } else if (this.errors && c > SPACE) {
      this.failure(b, start, end);
    }
  }

  /** `[Postprocessor] `, those of extractors are in small letters, or `[extractor] Playlist `. */
  private bracketed(b: Buffer, start: number, end: number): void {
    let close = start + 1;
    while (close < end && b[close] !== CLOSE) close++;
    if (close + 1 >= end || b[close + 1] !== SPACE) return;
    if (b[close + 2] === UPPER_P && startsWith(b, close + 2, PLAYLIST_OF)) {
      if (WORD.test(toText(b, start + 1, close))) this.inTitle = true;
    } else if (b[start + 1]! >= UPPER_A && b[start + 1]! <= UPPER_Z) {
      this.postprocessor(b, start + 1, close);
    }
  }

  /** `ERROR: what`, and `yt-dlp: error: what` of its command line. */
  private failure(b: Buffer, start: number, end: number): void {
    let from = start + ERROR.length;
    if (!startsWith(b, start, ERROR)) {
      let colon = start;
      while (colon < end && b[colon] !== COLON) colon++;
      if (!startsWith(b, colon, USAGE_ERROR) || !PROGRAM.test(toText(b, start, colon))) return;
      from = colon + USAGE_ERROR.length;
    }
    this.run.event({ type: 'error', message: withoutEscapes(toText(b, from, end)).trim() });
  }

  /** `[start, end)` is the name of a postprocessor that began, or of something else. */
  postprocessor(b: Buffer, start: number, end: number): void {
    while (end > start && b[end - 1]! <= SPACE) end--;
    for (const { name, bytes } of BY_LETTER[b[start]!] ?? []) {
      if (bytes.length !== end - start || !startsWith(b, start, bytes)) continue;
      this.run.event({ type: 'postprocessor', name });
      this.run.phase(name === 'Merger' ? 'merging' : 'post-processing');
      return;
    }
  }

  private download(b: Buffer, start: number, end: number): void {
    if (startsWith(b, start, DESTINATION)) {
      const destination = withoutEscapes(toText(b, start + DESTINATION.length, end)).trimEnd();
      this.inTitle = false;
      this.run.event({ type: 'part', destination });
      this.run.phase('downloading');
      return;
    }
    const text = withoutEscapes(toText(b, start, end)).trimEnd();
    if (b[start] === UPPER_G && startsWith(b, start, GOT_ERROR)) {
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
