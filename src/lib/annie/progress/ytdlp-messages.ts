/** What yt-dlp says in lines beside its progress. */
import type { Reporter } from './reporter.ts';
import { toReadable } from './text.ts';

/**
 * yt-dlp's postprocessors by the names they print. A list, as extractors print names in brackets too.
 * Source: yt_dlp/postprocessor of 2026.10.26.
 */
const POSTPROCESSORS = new Set(
  `Concat CopyStream EmbedSubtitle EmbedThumbnail Exec ExecAfterDownload ExtractAudio
  FixupDuplicateMoov FixupDuration FixupM3u8 FixupM4a FixupStretched FixupTimestamp Merger Metadata
  MetadataFromField MetadataFromTitle MetadataParser ModifyChapters SplitChapters SponsorBlock
  SubtitlesConvertor ThumbnailsConvertor VideoConvertor VideoRemuxer XAttrMetadata`.split(/\s+/),
);

const DOWNLOAD = '[download] ';
const DESTINATION = 'Destination: ';
const BRACKETED = /^\[([^\]]+)\] (Playlist )?/;
const WORD = /^\w+$/;
/** `ERROR: what`, and `yt-dlp: error: what` of its command line. */
const FAILURE = /^(?:ERROR:|[\w.-]+: error: )(.*)$/s;
const SKIPPED =
  / has already been (?:downloaded|recorded in the archive)$|^File is larger than max-filesize| does not pass filter /;
const RESUMING = /^Resuming download at byte (\d+)$/;
const ITEM = /^Downloading item \d+ of \d+$/;
const PLAYLIST = /^(?:Downloading|Finished downloading) playlist: /;

export class YtDlpMessages {
  readonly #reporter: Reporter;
  /** Whether `ERROR:` lines count here: they come on fd 2 only, a title may come on fd 1. */
  readonly #errors: boolean;
  /**
   * Titles of playlists are printed raw, line ends and all. From there to the next file nothing is downloaded, so what
   * looks like progress is a title.
   */
  #inTitle = false;

  constructor(reporter: Reporter, errors: boolean) {
    this.#reporter = reporter;
    this.#errors = errors;
  }

  get progressPossible(): boolean {
    return !this.#inTitle;
  }

  line(text: string): void {
    if (text.startsWith(DOWNLOAD)) {
      this.#download(text.slice(DOWNLOAD.length));
    } else if (text.startsWith('[')) {
      const [, name = '', playlist] = BRACKETED.exec(text) ?? [];
      if (playlist === undefined) this.postprocessor(name);
      else if (WORD.test(name)) this.#inTitle = true;
    } else if (this.#errors) {
      const message = FAILURE.exec(text)?.[1];
      if (message !== undefined) this.#reporter.event({ type: 'error', message: toReadable(message).trim() });
    }
  }

  /** `name`: of a postprocessor that begins, or of something else. */
  postprocessor(name: string): void {
    const known = name.trimEnd();
    if (POSTPROCESSORS.has(known)) this.#reporter.phase(known === 'Merger' ? 'merging' : 'post-processing');
  }

  /** After `[download] `. */
  #download(text: string): void {
    if (text.startsWith(DESTINATION)) {
      const destination = toReadable(text.slice(DESTINATION.length)).trimEnd();
      this.#inTitle = false;
      this.#reporter.event({ type: 'part', destination });
      this.#reporter.phase('downloading');
      return;
    }
    const message = toReadable(text).trimEnd();
    if (message.startsWith('Got error: ')) return;
    const resuming = RESUMING.exec(message);
    if (resuming !== null) this.#reporter.event({ type: 'resuming', byte: Number(resuming[1]) });
    if (SKIPPED.test(message)) {
      this.#inTitle = false;
      this.#reporter.event({ type: 'skipped' });
    } else if (PLAYLIST.test(message)) {
      this.#inTitle = true;
    } else if (ITEM.test(message)) {
      this.#inTitle = false;
    }
  }
}
