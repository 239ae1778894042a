/** Files that are no recordings, and the lines that the command prints. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { replay } from '#lib/replay/replay.ts';
import { dialectOf, endState } from '#lib/replay/header.ts';
import { parseRecording, rechunk } from '#lib/replay/recording.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const header = (fields: object = {}): string =>
  JSON.stringify({ engine: 'yt-dlp', argv: ['yt-dlp'], mode: 'pipe', exitCode: 0, signal: null, ...fields });
const chunk = (text: string, fd = 1): string => JSON.stringify({ t: 1, fd, data: base64(text) });

for (const [what, text, line] of [
  ['an empty file', '', 1],
  ['no JSON', 'hello', 1],
  ['a header without argv', '{"engine":"lux"}', 1],
  ['a chunk of a third fd', `${header()}\n${chunk('x', 3)}`, 2],
  ['a chunk that is not base64', `${header()}\n{"t":1,"fd":1,"data":"!"}`, 2],
  ['a cut line', `${header()}\n${chunk('x')}\n{"t":1,"fd"`, 3],
] as const) {
  test(`${what} is an invalid recording, and the error names line ${line}`, () => {
    assert.throws(
      () => [...replay(text)],
      (error: unknown) =>
        error instanceof SluiceError &&
        error.code === 'invalid_recording' &&
        error.message.includes(`Line ${line} `),
    );
  });
}

test('an engine that Sluice does not run is named in the error', () => {
  assert.throws(
    () => [...replay(header({ engine: 'wget' }))],
    (error: unknown) => error instanceof SluiceError && /"wget"/.test(error.message),
  );
});

test('each event is one line of JSON, null where a number is not known', () => {
  const lines: string[] = [];
  const text = [
    header(),
    chunk('[download] Destination: a\n[download]    2.00MiB at    1.48MiB/s (00:00:01)\n'),
  ];
  for (const event of replay(text.join('\n'))) lines.push(JSON.stringify(event));
  assert.equal(lines, [
    '{"type":"phase","phase":"extracting"}',
    '{"type":"phase","phase":"downloading"}',
    '{"type":"progress","fd":1,"endOffset":74,"percent":null,"receivedBytes":2097152,"totalBytes":null,"speedBytesPerSecond":1551892,"etaSeconds":null}',
    '{"type":"end","state":"completed"}',
  ]);
});

test('rechunk keeps every byte of each fd and cuts chunks of the given size', () => {
  const recording = parseRecording([header(), chunk('hello '), chunk('err', 2), chunk('world')].join('\n'));
  const pieces = rechunk(recording.chunks, 4);
  const joined = (fd: number): string =>
    pieces
      .filter((piece) => piece.fd === fd)
      .map(({ data }) => Buffer.from(data).toString())
      .join('|');
  assert.is(joined(1), 'hell|o wo|rld');
  assert.is(joined(2), 'err');
});

test('lux that hands over to a missing aria2 has failed, with the reason', () => {
  const reason = 'Post "http://127.0.0.1:6811/jsonrpc": dial tcp 127.0.0.1:6811: connect: connection refused';
  const text = [
    header({ engine: 'lux', argv: ['lux', '--aria2', 'http://127.0.0.1/clip.mp4'], exitCode: 1 }),
    chunk(`Downloading http://127.0.0.1/clip.mp4 error:\n${reason}\n`),
  ];
  assert.equal([...replay(text.join('\n'))].slice(1), [
    { type: 'error', message: reason },
    { type: 'end', state: 'error' },
  ]);
});

test('-progress and the status in one terminal are both parsed', () => {
  const block = (size: number, end: string): string => `total_size=${size}\nspeed=1x\nprogress=${end}\n`;
  const status = (size: number): string =>
    `\x1b[0mframe= 1 fps=0.0 q=0.0 size= ${size}kB time=N/A speed=1x    \r`;
  const text = [
    header({ engine: 'ffmpeg', argv: ['ffmpeg', '-progress', 'pipe:1', 'o.mp4'], mode: 'pty' }),
    chunk(`${status(1)}${block(1100, 'continue')}${status(2)}${block(2200, 'end')}`.replaceAll('\n', '\r\n')),
  ];
  const sizes = [...replay(text.join('\n'))].flatMap((event) =>
    event.type === 'progress' ? [event.receivedBytes] : [],
  );
  assert.equal(sizes, [1024, 1100, 2048, 2200]);
});

const run = { version: null, mode: 'pipe' as const, signalsSent: [] };
for (const [engine, argv, exitCode, signal, said, state] of [
  ['lux', [], null, 'SIGTERM', {}, 'killed'],
  ['lux', [], 130, null, {}, 'killed'],
  ['lux', ['-i'], 0, null, {}, 'info'],
  ['lux', ['-i'], 1, null, {}, 'error'],
  ['lux', ['--aria2'], 0, null, {}, 'delegated'],
  ['lux', ['--aria2'], 1, null, {}, 'error'],
  ['lux', ['-s'], 0, null, {}, 'completed'],
  ['yt-dlp', ['-s'], 0, null, {}, 'info'],
  ['yt-dlp', ['-J'], 1, null, {}, 'error'],
  ['yt-dlp', ['-J'], null, null, {}, 'info'],
  ['yt-dlp', ['--print-json'], 0, null, {}, 'completed'],
  ['yt-dlp', [], 0, null, { skipped: true, samples: 1 }, 'skipped'],
  ['yt-dlp', [], 0, null, { skipped: true, samples: 2 }, 'completed'],
  ['ffmpeg', ['-i', 'x'], 1, null, {}, 'error'],
] as const) {
  test(`${engine} ${argv.join(' ')} with exit ${exitCode} ${signal} ${JSON.stringify(said)} is ${state}`, () => {
    const words = [engine, ...argv, 'http://127.0.0.1/'];
    const given = { ...run, engine, argv: words, exitCode, signal };
    assert.is(endState(given, { skipped: false, samples: 0, ...said }), state);
  });
}

test('a run that was sent a signal is killed, unless it exited with 0', () => {
  const given = { ...run, engine: 'yt-dlp', argv: [], signal: null, signalsSent: [{}] };
  assert.is(endState({ ...given, exitCode: 1 }, { skipped: false, samples: 0 }), 'killed');
  assert.is(endState({ ...given, exitCode: 0 }, { skipped: false, samples: 0 }), 'completed');
});

test('the dialect follows from engine, version and argv', () => {
  const given = { ...run, exitCode: 0, signal: null, argv: [] as string[] };
  assert.equal(
    dialectOf({ ...given, engine: 'annie', version: '0.9.8 (cheggaaa/pb v1.0.25)' }).engine,
    'annie',
  );
  assert.equal(dialectOf({ ...given, engine: 'annie', version: '0.11.0' }).engine, 'lux');
  const argv = ['yt-dlp', '-o', '-', '--progress-template=download:X%(progress)j'];
  assert.equal(dialectOf({ ...given, engine: 'yt-dlp', argv }), {
    engine: 'yt-dlp',
    progress: { format: 'json', prefix: 'X' },
    terminal: false,
    mediaOnStdout: true,
  });
});

test.run();
