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
  const [out, err] = createStreams(dialect, run);
  return {
    push(fd, chunk) {
      (fd === 1 ? out : err)?.push(chunk);
    },
    end() {
      out?.end();
      err?.end();
    },
  };
}

function createStreams(dialect: Dialect, run: Run): [ByteStream | null, ByteStream | null] {
  switch (dialect.engine) {
    case 'lux':
      return dialect.terminal
        ? [luxTerminalStream({ run, fd: 1 }), null]
        : [luxLines({ run, fd: 1 }), new LuxBarStream(run, 2)];
    case 'annie':
      // fd 2 holds nothing but complaints about flags.
      return [annieStream({ run, fd: 1, terminal: dialect.terminal ?? false }), luxLines({ run, fd: 2 })];
    case 'yt-dlp':
      return ytDlpStreams(dialect, run);
    case 'ffmpeg':
      return dialect.progressFd === 2
        ? [null, new FfmpegProgressStream(run, 2)]
        : [
            dialect.progressFd === 1 ? new FfmpegProgressStream(run, 1) : null,
            new FfmpegLogStream({ run, fd: 2 }),
          ];
  }
}

function ytDlpStreams(
  { progress, terminal = false, mediaOnStdout = false }: Extract<Dialect, { engine: 'yt-dlp' }>,
  run: Run,
): [ByteStream | null, ByteStream | null] {
  if (terminal) {
    return [new YtDlpStream({ run, fd: 1, terminal, progress, ffmpeg: true, errors: true }), null];
  }
  return [
    mediaOnStdout ? null : new YtDlpStream({ run, fd: 1, progress, ffmpeg: false, errors: false }),
    new YtDlpStream({ run, fd: 2, progress: mediaOnStdout ? progress : null, ffmpeg: true, errors: true }),
  ];
}
