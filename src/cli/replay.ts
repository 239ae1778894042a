import { replayRecording } from '#lib/replay/replay.ts';
import { parseRecording, type Recording, recordingOf } from '#lib/replay/recording.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { parseTrace } from '#lib/inspector/trace-file.ts';
import { type CliCommand, textOption, UsageError, type Values } from './command.ts';
import { readTextFile } from './text-file.ts';

export const replay: CliCommand = {
  synopsis: 'FILE [--recording N] [--rechunk N]',
  summary: 'Feeds a recording of an engine through the real progress parser; one JSON line for each event.',
  help: `
FILE is a recording (JSON lines), or a trace that the inspector exported.

  --recording N   which of a trace's recordings, from 1; the last one if not said
  --rechunk N     cut the stream into chunks of N bytes instead of those that were recorded`,
  options: { rechunk: { type: 'string' }, recording: { type: 'string' } },
  arguments: { min: 1, max: 1 },
  async run([file = ''], values, io) {
    const rechunkBytes = readCount(values, 'rechunk', 'a number of bytes');
    const number = readCount(values, 'recording', 'a number');
    const text = await readTextFile(file, io);
    if (text === null) return 1;
    const recording = isTrace(text) ? recordingInTrace(text, number) : parseRecording(text);
    let lines = '';
    for (const event of replayRecording(recording, { rechunkBytes })) {
      lines += `${JSON.stringify(event)}\n`;
      if (lines.length < 65_536) continue;
      io.stdout.write(lines);
      lines = '';
    }
    io.stdout.write(lines);
    return 0;
  },
};

/** A trace begins with `format`, which a recording does not have. */
function isTrace(text: string): boolean {
  return /^\s*\{\s*"format"/.test(text);
}

function recordingInTrace(text: string, number: number | null): Recording {
  const { recordings } = parseTrace(text);
  const chosen = number === null ? recordings.at(-1) : recordings[number - 1];
  if (chosen) return recordingOf(chosen);
  const held = recordings.length === 0 ? 'no recording' : `${recordings.length} recordings`;
  throw new SluiceError('invalid_recording', `The trace holds ${held}.`);
}

function readCount(values: Values, name: string, what: string): number | null {
  const text = textOption(values, name);
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${name} takes ${what}, 1 or more.`);
  return Number(text);
}
