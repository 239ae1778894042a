/**
 * What a download of a program prints, line by line: progress, its file, an error. Each line is a short JSON text, parsed
 * here; more than a line is read in `foreign/`. Pure.
 */
import * as v from 'valibot';
import { SluiceError } from '../../protocol/error.ts';
import { LineReader } from '../progress/lines.ts';
import { FdParser, type ProgressParser } from '../progress/parser.ts';
import { Reporter } from '../progress/reporter.ts';

/** Characters of a line. A title has some hundreds. */
const MAX_LINE_CHARS = 8 * 1024;
/** What may be printed at once, and a second: ten lines a second have 1 kB. */
const BURST_BYTES = 1024 * 1024;
const BYTES_PER_SECOND = 64 * 1024;
const STDERR_CHARS = 4 * 1024;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Line = v.variant('type', [
  v.object({
    type: v.literal('progress'),
    receivedBytes: count,
    totalBytes: v.nullish(count, null),
    phase: v.nullish(v.picklist(['download', 'finish']), 'download'),
  }),
  v.object({ type: v.literal('file'), name: v.string(), title: v.nullish(v.string(), null) }),
  v.object({ type: v.literal('error') }),
]);
export type ProgressLine = Extract<v.InferOutput<typeof Line>, { type: 'progress' }>;
type FileLine = Extract<v.InferOutput<typeof Line>, { type: 'file' }>;

export class RunLines {
  /** Null before it is printed; the last one counts. */
  file: FileLine | null = null;
  /** The last `error` line, as printed. */
  error: string | null = null;
  /** The end of what came on the other pipe. */
  stderr = '';
  readonly parser: ProgressParser;
  readonly #engine: string;
  readonly #onProgress: (line: ProgressLine) => void;
  readonly #now: () => number;
  readonly #startedAt: number;
  #printedBytes = 0;

  /** @param now in ms */
  constructor(engine: string, onProgress: (line: ProgressLine) => void, now = () => performance.now()) {
    this.#engine = engine;
    this.#onProgress = onProgress;
    this.#now = now;
    this.#startedAt = now();
    // Nothing of it is a record of theirs: every line is a text.
    const reporter = new Reporter({ sample: () => undefined, event: () => undefined }, 'downloading');
    const linesTo = (fd: 1 | 2, line: (text: string) => void): LineReader =>
      new LineReader(fd, { read: () => null, line }, reporter);
    const lines = new FdParser(
      linesTo(1, (text) => this.#read(text)),
      linesTo(2, (text) => (this.stderr = `${this.stderr}${text}\n`.slice(-STDERR_CHARS))),
    );
    this.parser = {
      /** @throws SluiceError `engine_output` for a line that cannot be read, and for too many */
      push: (fd, chunk) => {
        this.#count(chunk.length);
        lines.push(fd, chunk);
      },
      end: () => lines.end(),
    };
  }

  #count(bytes: number): void {
    this.#printedBytes += bytes;
    const seconds = (this.#now() - this.#startedAt) / 1000;
    if (this.#printedBytes > BURST_BYTES + seconds * BYTES_PER_SECOND) throw this.#unreadable('too much');
  }

  #read(latin1: string): void {
    if (latin1.length > MAX_LINE_CHARS) throw this.#unreadable('too long a line');
    const text = Buffer.from(latin1, 'latin1').toString('utf8').trim();
    if (text === '') return;
    const line = v.safeParse(Line, this.#parsed(text));
    // Of a later version, or a field that is wrong.
    if (!line.success) return;
    if (line.output.type === 'progress') this.#onProgress(line.output);
    else if (line.output.type === 'file') this.file = line.output;
    else this.error = text;
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#unreadable('a line that is not JSON');
    }
  }

  #unreadable(what: string): SluiceError {
    return new SluiceError('engine_output', `${this.#engine} printed ${what}.`);
  }
}
