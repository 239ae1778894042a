/** Parsers for recordings: also of output that Sluice itself never asks an engine for. */
import { type LineDialect, LineReader } from '../annie/progress/lines.ts';
import { createProgressParser, FdParser, type ProgressParser } from '../annie/progress/parser.ts';
import { Reporter } from '../annie/progress/reporter.ts';
import type { ByteStream, ProgressSink } from '../annie/progress/sink.ts';
import { sluiceReader } from '../annie/progress/sluice-template.ts';
import { type YtDlpFd, YtDlpLines } from '../annie/progress/ytdlp-lines.ts';
import { FfmpegLines } from './ffmpeg-lines.ts';
import { BarsAndLines, TerminalLines } from './terminal.ts';
import { jsonReader } from './ytdlp-json.ts';
import { readCompleted, readYtDlpText } from './ytdlp-text.ts';

/** How yt-dlp prints progress; `prefix` begins each record. */
export type YtDlpFormat =
  { format: 'text' } | { format: 'json'; prefix: string } | { format: 'sluice'; prefix: string };

export type RecordedDialect =
  /** `terminal`: not through pipes. */
  | { engine: 'lux' | 'annie'; terminal?: boolean }
  /** `mediaOnStdout`: it ran with `-o -`, so that all its messages are on fd 2. */
  | { engine: 'yt-dlp'; progress: YtDlpFormat; terminal?: boolean; mediaOnStdout?: boolean }
  /** `progressFd`: where `-progress` writes; null without it. */
  | { engine: 'ffmpeg'; progressFd: 1 | 2 | null; terminal?: boolean };

export function createRecordingParser(dialect: RecordedDialect, sink: ProgressSink): ProgressParser {
  const isFfmpeg = dialect.engine === 'ffmpeg';
  const reporter = new Reporter(sink, isFfmpeg ? 'processing' : 'downloading');
  const stream = (fd: 1 | 2, lines: LineDialect): ByteStream => new LineReader(fd, lines, reporter);
  if (isFfmpeg) {
    const { progressFd, terminal = false } = dialect;
    const all = new FfmpegLines(reporter, progressFd !== null);
    if (terminal) return new FdParser(stream(1, new TerminalLines(all)), null);
    // Without `-progress` fd 1 may hold media.
    const out = progressFd === 1 ? stream(1, all) : null;
    return new FdParser(out, stream(2, progressFd === 2 ? all : new FfmpegLines(reporter, false)));
  }
  if (dialect.engine !== 'yt-dlp') {
    const { engine, terminal = false } = dialect;
    if (!terminal) return createProgressParser({ engine }, sink);
    return new FdParser(stream(1, new TerminalLines(new BarsAndLines(reporter, engine))), null);
  }
  const progress = progressOf(dialect.progress);
  const all = new YtDlpLines(reporter, { ...progress, isErrorFd: true });
  if (dialect.terminal) return new FdParser(stream(1, new TerminalLines(all)), null);
  if (dialect.mediaOnStdout) return new FdParser(null, stream(2, all));
  const err = new YtDlpLines(reporter, { isErrorFd: true });
  return new FdParser(stream(1, new YtDlpLines(reporter, progress)), stream(2, err));
}

function progressOf(progress: YtDlpFormat): YtDlpFd {
  switch (progress.format) {
    case 'text':
      return { records: [readYtDlpText] };
    case 'json':
      return { records: [jsonReader(progress.prefix), readCompleted] };
    case 'sluice':
      return { records: [sluiceReader(progress.prefix)], prefix: progress.prefix };
  }
}
