/**
 * Messages of ffmpeg and our wrapper when an input is refused. Those of the whitelists are the same from ffmpeg 4 to 9
 * (libavformat/demux.c, avio.c); since 7.1 ffmpeg itself does not read a playlist as such under another name.
 */
const REFUSAL =
  /Format not on whitelist|Protocol '[^']*' not on whitelist|Error opening input files: Invalid data|sluice: ff(?:mpeg|probe) was not started/;
/** Longer than any of these messages. */
const OVERLAP_CHARS = 100;

/** Searches the output of an engine for such a message, however it is chunked. */
export class RefusalDetector {
  #isFound = false;
  #tail = '';

  read(text: string): void {
    if (this.#isFound) return;
    const joined = this.#tail + text;
    this.#isFound = REFUSAL.test(joined);
    this.#tail = joined.slice(-OVERLAP_CHARS);
  }

  /** Only meaningful once the engine has failed. */
  get isFound(): boolean {
    return this.#isFound;
  }
}
