/**
 * How ffmpeg and our wrapper say that an input is not opened. The whitelists' words are the same from ffmpeg 4 to 9
 * (libavformat/demux.c, avio.c); since 7.1 ffmpeg itself no longer takes a playlist for one under another name.
 */
const REFUSAL =
  /Format not on whitelist|Protocol '[^']*' not on whitelist|Error opening input files: Invalid data|sluice: ff(?:mpeg|probe) was not started/;
/** Longer than any of these. */
const OVERLAP_CHARS = 100;

/** Looks for that in what an engine prints, in whatever pieces it comes. */
export class RefusalWatch {
  #seen = false;
  #end = '';

  read(text: string): void {
    if (this.#seen) return;
    const joined = this.#end + text;
    this.#seen = REFUSAL.test(joined);
    this.#end = joined.slice(-OVERLAP_CHARS);
  }

  /** Whether it was said. Of interest only when the engine has failed. */
  get seen(): boolean {
    return this.#seen;
  }
}
