/**
 * The progress parser: bytes of an engine's fds in, records and events out. What it takes from a chunk it takes at
 * once; what it must keep is bounded, however long a line is.
 */
import { FfmpegProgressStream } from './ffmpeg-progress.ts';
import { FfmpegLogStream } from './ffmpeg-stream.ts';
import { LuxBarStream } from './lux-bar.ts';
import { annieStream, luxLines, luxTerminalStream } from './pb-streams.ts';
import { Run } from './run.ts';
import type { ByteStream, ProgressSink } from './sink.ts';
import { type YtDlpFormat, YtDlpStream } from './ytdlp-stream.ts';

export type Dialect =
  /** lux, and annie from July 2021: bar on fd 2, the rest on fd 1. */
  | { engine: 'lux'; terminal?: boolean }
  /** annie before that: all on fd 1. */
  | { engine: 'annie'; terminal?: boolean }
  /** `mediaOnStdout`: it was told `-o -`, so that all it says is on fd 2. */
  | { engine: 'yt-dlp'; progress: YtDlpFormat; terminal?: boolean; mediaOnStdout?: boolean }
  /** `progressFd`: where `-progress` writes; null without it. */
  | { engine: 'ffmpeg'; progressFd: 1 | 2 | null };

export interface ProgressParser {
  /** The chunk is not kept. */
  push(fd: 1 | 2, chunk: Uint8Array): void;
  /** Both fds have ended: what waited for its end is told. */
  end(): void;
}

export function createProgressParser(dialect: Dialect, sink: ProgressSink): ProgressParser {
  const run = new Run(sink, dialect.engine === 'ffmpeg' ? 'processing' : 'downloading');
  switch (dialect.engine) {
    case 'lux':
      return new LuxParser(run, dialect);
    case 'annie':
      return new AnnieParser(run, dialect);
    case 'yt-dlp':
      return new YtDlpParser(run, dialect);
    case 'ffmpeg':
      return new FfmpegParser(run, dialect);
  }
}

type DialectOf<Engine> = Extract<Dialect, { engine: Engine }>;

/*
 * A class with a `push` of its own for each engine, though all say the same: where one function calls five classes
 * of streams V8 looks the method up each time (3.5 of 100 of the time of our template) and puts none of them in line.
 */

class LuxParser implements ProgressParser {
  private readonly out: ByteStream;
  private readonly err: LuxBarStream | null;

  constructor(run: Run, { terminal = false }: DialectOf<'lux'>) {
    this.out = terminal ? luxTerminalStream({ run, fd: 1 }) : luxLines({ run, fd: 1 });
    this.err = terminal ? null : new LuxBarStream(run, 2);
  }

  push(fd: 1 | 2, chunk: Uint8Array): void {
    if (fd === 1) this.out.push(chunk);
    else this.err?.push(chunk);
  }

  end(): void {
    this.out.end();
    this.err?.end();
  }
}

class AnnieParser implements ProgressParser {
  private readonly out: ByteStream;
  /** Nothing but complaints about flags. */
  private readonly err: ByteStream;

  constructor(run: Run, { terminal = false }: DialectOf<'annie'>) {
    this.out = annieStream({ run, fd: 1, terminal });
    this.err = luxLines({ run, fd: 2 });
  }

  push(fd: 1 | 2, chunk: Uint8Array): void {
    if (fd === 1) this.out.push(chunk);
    else this.err.push(chunk);
  }

  end(): void {
    this.out.end();
    this.err.end();
  }
}

class YtDlpParser implements ProgressParser {
  private readonly out: YtDlpStream | null;
  private readonly err: YtDlpStream | null;

  constructor(run: Run, { progress, terminal = false, mediaOnStdout = false }: DialectOf<'yt-dlp'>) {
    if (terminal) {
      this.out = new YtDlpStream({ run, fd: 1, terminal, progress, ffmpeg: true, errors: true });
      this.err = null;
    } else {
      this.out = mediaOnStdout
        ? null
        : new YtDlpStream({ run, fd: 1, progress, ffmpeg: false, errors: false });
      const onErr = mediaOnStdout ? progress : null;
      this.err = new YtDlpStream({ run, fd: 2, progress: onErr, ffmpeg: true, errors: true });
    }
  }

  push(fd: 1 | 2, chunk: Uint8Array): void {
    if (fd === 1) this.out?.push(chunk);
    else this.err?.push(chunk);
  }

  end(): void {
    this.out?.end();
    this.err?.end();
  }
}

class FfmpegParser implements ProgressParser {
  private readonly progress: FfmpegProgressStream | null;
  private readonly progressFd: 1 | 2 | null;
  private readonly log: FfmpegLogStream;

  constructor(run: Run, { progressFd }: DialectOf<'ffmpeg'>) {
    this.progress = progressFd === null ? null : new FfmpegProgressStream(run, progressFd);
    this.progressFd = progressFd;
    this.log = new FfmpegLogStream({ run, fd: 2 });
  }

  push(fd: 1 | 2, chunk: Uint8Array): void {
    if (fd === this.progressFd) this.progress?.push(chunk);
    else if (fd === 2) this.log.push(chunk);
  }

  end(): void {
    this.progress?.end();
    this.log.end();
  }
}
