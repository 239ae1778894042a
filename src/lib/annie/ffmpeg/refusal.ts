/**
 * How ffmpeg and our wrapper say that they do not open an input. Sources: libavformat/demux.c and avio.c, which are the
 * same from ffmpeg 4 to 8, and `refuse` in bin/ffmpeg.
 */
const REFUSAL =
  /Format not on whitelist|Protocol '[^']*' not on whitelist|sluice: ff(?:mpeg|probe) was not started/;
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
