/**
 * Messages of ffmpeg and our wrapper when an input is refused: only meaningful once the engine has failed. Those of the
 * whitelists are the same from ffmpeg 4 to 9 (libavformat/demux.c, avio.c); since 7.1 ffmpeg itself does not read a playlist
 * as such under another name.
 */
export const INPUT_REFUSED =
  /Format not on whitelist|Protocol '[^']*' not on whitelist|Error opening input files: Invalid data|sluice: ff(?:mpeg|probe) was not started/;
/**
 * Messages of ffmpeg when it leaves out a part of a stream and goes on: it ends with 0 then, as if nothing were missing. Of
 * its HLS demuxer and its HTTP client, the same from ffmpeg 4 to 9 (libavformat/hls.c, http.c).
 */
export const PART_LEFT_OUT =
  /\[(?:hls|https?|httpproxy|crypto)[^\]\n]{0,40}\] {0,2}(?:Failed to open (?:segment|an initialization segment)|Error when loading first segment|Unable to open key file|Segment \d{1,9} of playlist \d{1,9} failed|[Ss]kipping \d{1,9} segments|Stream ends prematurely|HTTP error [45]\d\d)/;
/** Longer than any of these messages. */
const OVERLAP_CHARS = 150;

/** Searches the output of an engine for a message, however it is chunked. */
export class MessageDetector {
  readonly #pattern: RegExp;
  #isFound = false;
  #tail = '';

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  read(text: string): void {
    if (this.#isFound) return;
    const joined = this.#tail + text;
    this.#isFound = this.#pattern.test(joined);
    this.#tail = joined.slice(-OVERLAP_CHARS);
  }

  get isFound(): boolean {
    return this.#isFound;
  }
}
