/** The dialect of a recording and how its run ended, by its header. */
import { SluiceError } from '../protocol/error.ts';
import { sluicePrefix } from '../annie/progress/sluice-template.ts';
import type { RecordedDialect, YtDlpFormat } from './parser.ts';
import type { RecordingHeader } from './recording.ts';

export type EndState = 'completed' | 'skipped' | 'error' | 'killed' | 'info' | 'delegated';

/** @throws SluiceError `invalid_recording` for an engine that Sluice does not run */
export function dialectOf(header: RecordingHeader): RecordedDialect {
  const { engine, argv } = header;
  const terminal = header.mode === 'pty';
  if (engine.startsWith('yt-dlp')) {
    return { engine: 'yt-dlp', progress: progressFormat(argv), terminal, mediaOnStdout: mediaOnStdout(argv) };
  }
  if (engine.startsWith('annie') && !printsNewBar(header.version)) return { engine: 'annie', terminal };
  if (engine.startsWith('lux') || engine.startsWith('annie')) return { engine: 'lux', terminal };
  if (engine.startsWith('ffmpeg')) return { engine: 'ffmpeg', progressFd: ffmpegProgressFd(argv), terminal };
  throw new SluiceError('invalid_recording', `Sluice does not run ${JSON.stringify(engine.slice(0, 64))}.`);
}

/** By the exit of the process, its options and its output. */
export function endState(
  { engine, argv, exitCode, signal, signalsSent }: RecordingHeader,
  { skipped, samples }: { skipped: boolean; samples: number },
): EndState {
  if (signal !== null) return 'killed';
  if (signalsSent.length > 0 && exitCode !== 0) return 'killed';
  // A shell's exit codes for SIGINT, SIGKILL and SIGTERM.
  if (exitCode === 130 || exitCode === 137 || exitCode === 143) return 'killed';
  if (exitCode === 0 || exitCode === null) {
    if (asksForInfo(engine, argv)) return 'info';
    if (engine.startsWith('lux') && argv.some((word) => /^--?aria2$/.test(word))) return 'delegated';
  }
  if (skipped && samples <= 1) return 'skipped';
  return exitCode === 0 ? 'completed' : 'error';
}

const INFO = {
  'yt-dlp': /^(?:-J|-j|-s|-F|-e|-g|-O|--dump-(?:single-)?json|--simulate|--list-.*|--get-.*|--print)$/,
  lux: /^--?(?:i|info|j|json)$/,
};

function asksForInfo(engine: string, argv: string[]): boolean {
  const words = argv.slice(1);
  if (engine.startsWith('yt-dlp')) return words.some((word) => INFO['yt-dlp'].test(word));
  return !engine.startsWith('ffmpeg') && words.some((word) => INFO.lux.test(word));
}

/** annie adopted cheggaaa/pb v3, whose bar lux has too, on 2021-07-02, after 0.10.3. */
function printsNewBar(version: string | null): boolean {
  const match = /(?:^|\s)v?(\d+)\.(\d+)\.\d+/.exec(version ?? '');
  if (/pb\/?\s?v3/.test(version ?? '')) return true;
  if (/pb\/?\s?v1/.test(version ?? '')) return false;
  return match !== null && (Number(match[1]) > 0 || Number(match[2]) > 10);
}

function progressFormat(argv: string[]): YtDlpFormat {
  for (const template of optionValues(argv, '--progress-template')) {
    // `[TYPES:]TEMPLATE`; the default type is `download`.
    const typed = /^(download|download-title|postprocess|postprocess-title):/.exec(template);
    if (typed !== null && typed[1] !== 'download') continue;
    const body = template.slice(typed?.[0].length ?? 0);
    const ours = new RegExp(`^${sluicePrefix('[A-Za-z0-9]*')}`).exec(body);
    if (ours !== null) return { format: 'sluice', prefix: ours[0] };
    const json = body.indexOf('%(progress)j');
    if (json >= 0) return { format: 'json', prefix: body.slice(0, json) };
  }
  return { format: 'text' };
}

function mediaOnStdout(argv: string[]): boolean {
  return (
    argv.includes('-o-') || [...optionValues(argv, '-o'), ...optionValues(argv, '--output')].includes('-')
  );
}

function ffmpegProgressFd(argv: string[]): 1 | 2 | null {
  const target = optionValues(argv, '-progress').at(-1);
  if (target === 'pipe:1' || target === '-' || target === 'pipe:') return 1;
  return target === 'pipe:2' ? 2 : null;
}

/** Values given as `NAME VALUE` or `NAME=VALUE`. */
function optionValues(argv: string[], name: string): string[] {
  const values: string[] = [];
  for (const [index, word] of argv.entries()) {
    const next = argv[index + 1];
    if (word === name && next !== undefined) values.push(next);
    else if (word.startsWith(`${name}=`)) values.push(word.slice(name.length + 1));
  }
  return values;
}
