import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { WRAPPED_FFMPEG, WRAPPER_DIR, wrappedPath } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { mediaMissing } from '../../site/media.ts';
import { testUnless } from '../../support/skip.ts';
import { toolPath, which } from '../../support/tools.ts';
import { waitFor } from '../../support/wait.ts';
import { isAlive, noProc, withDir } from '../../process/machine.ts';
import { run } from './fixture.ts';

/** Prints its arguments as the kernel has them, each followed by a NUL. */
const PRINTS_ARGUMENTS = '#!/bin/sh\ncat /proc/$$/cmdline\n';
/** The installed ones of the shells that may be /bin/sh. */
const SHELLS = [['dash'], ['bash'], ['busybox', 'sh']].filter(([name]) => which(name ?? '') !== null);

interface WrapperFixture {
  dir: string;
  path: string;
  /** The arguments of the real program, the same with each shell. */
  argumentsOf: (program: 'ffmpeg' | 'ffprobe', args: string[]) => Promise<string[]>;
  refusalOf: (program: 'ffmpeg' | 'ffprobe', args: string[]) => Promise<string>;
}

async function withWrapper(
  body: (fixture: WrapperFixture) => Promise<void>,
  script = PRINTS_ARGUMENTS,
): Promise<void> {
  await withDir(async (dir) => {
    const real = join(dir, 'real dir');
    await mkdir(real);
    for (const name of ['ffmpeg', 'ffprobe']) await writeFile(join(real, name), script, { mode: 0o755 });
    const path = [wrappedPath(join(real, 'ffmpeg'), ''), '/usr/bin', '/bin'].join(delimiter);
    const by = (shell: string[], program: string, args: string[]) =>
      run([...shell.map((word) => which(word) ?? word), join(WRAPPER_DIR, program), ...args], dir, path);
    const same = async (program: string, args: string[]) => {
      const all = [await by([], program, args)];
      for (const shell of SHELLS) all.push(await by(shell, program, args));
      for (const each of all) assert.equal(each, all[0]);
      return all[0]!;
    };
    await body({
      dir,
      path,
      async argumentsOf(program, args) {
        const { code, stdout, stderr } = await same(program, args);
        assert.is(code, 0, stderr);
        // The shell that reads the script, and the script.
        return stdout.split('\0').slice(2, -1);
      },
      async refusalOf(program, args) {
        const { code, stdout, stderr } = await same(program, args);
        assert.is(code, 1, JSON.stringify(args));
        assert.is(stdout, '');
        assert.match(stderr, `sluice: ${program} was not started: `);
        return stderr;
      },
    });
  });
}

const isGuard = (word: string | undefined): boolean => /^-(format|protocol)_whitelist$/.test(word ?? '');
/** Without the whitelists, each with its value. */
const without = (args: string[]): string[] =>
  args.filter((word, i) => !isGuard(word) && !isGuard(args[i - 1]));
const valueBefore = (args: string[], input: string, option: string): string =>
  args[args.lastIndexOf(option, args.indexOf(input)) + 1] ?? '';

testUnless(test, noProc, 'every shell passes every argument on unchanged', () =>
  withWrapper(async ({ argumentsOf }) => {
    const odd = [
      ...['', ' ', 'a b', '*', '?', '[a-z]*', '~', '$HOME', '`id`', '$(id)', '\\', "'", '"', 'a\'b"c'],
      ...['a\nb', '\n', 'a\n\n', '\r', '\t', '#', '&', ';', '|', '%s', '%', '\u001b[0m', '=', '!'],
      // Every byte that UTF-8 has; dash keeps 0x81 to 0x88 for itself.
      Array.from({ length: 0x7ff - 0x80 }, (_, i) => String.fromCharCode(0x80 + i)).join(''),
      '漢字 🎬 \u{10ffff}',
    ];
    for (const value of odd) {
      const args = ['-y', '-metadata', value, '-i', 'file:a.mp4', '-c', 'copy', value];
      assert.equal(without(await argumentsOf('ffmpeg', args)), args);
    }
    const text = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((s) => !s.includes('\0') && s.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (values) => {
        const options = values.flatMap((value, i) => [`-metadata:s:${i}`, `x=${value}`]);
        const args = [...options, '-i', `file:${values[0] ?? ''}x`, ...options, `file:${values[1] ?? ''}`];
        if (values[0]?.includes('/')) return;
        assert.equal(without(await argumentsOf('ffmpeg', args)), args);
      }),
      { numRuns: 10 },
    );
  }),
);

testUnless(test, noProc, 'each input gets its whitelists, and outputs get none', () =>
  withWrapper(async ({ argumentsOf }) => {
    const args = await argumentsOf('ffmpeg', [
      ...['-y', '-hide_banner', '-f', 'mpegts', '-ss', '-1', '-i', 'file:a.ts', '-an', '-i', 'b.m4a'],
      ...['-headers', 'A: b\r\n', '-i', 'https://example.org/x.m3u8', '-map', '-0:s', '-i', '-'],
      ...['-f', 'mp4', 'file:out.mp4', '-c', 'copy', '-'],
    ]);
    const kinds = ['file:a.ts', 'b.m4a', 'https://example.org/x.m3u8'].map((input) => [
      valueBefore(args, input, '-protocol_whitelist'),
      valueBefore(args, input, '-format_whitelist').split(','),
    ]) as [string, string[]][];
    assert.equal(
      kinds.map(([protocols]) => protocols),
      ['file', 'file', 'http,https,httpproxy,tcp,tls,crypto,data'],
    );
    assert.equal(
      kinds.map(([, formats]) => formats.includes('hls')),
      [false, false, true],
    );
    for (const [, formats] of kinds)
      for (const script of ['concat', 'dash', 'sdp', 'imf', 'image2', 'lavfi', 'vobsub', 'mlv', 'rtsp'])
        assert.not(formats.includes(script), script);
    assert.is(args.filter((word) => word === '-format_whitelist').length, 4);
    // They are the last arguments before an input.
    for (const [i, word] of args.entries()) if (word === '-i') assert.is(args[i - 2], '-format_whitelist');
    assert.equal(args.slice(-5), ['mp4', 'file:out.mp4', '-c', 'copy', '-']);
  }),
);

testUnless(test, noProc, 'the input of ffprobe gets whitelists, wherever it is', () =>
  withWrapper(async ({ argumentsOf, refusalOf }) => {
    for (const args of [
      ['-show_streams', 'file:a.mp4'],
      ['-hide_banner', '-show_format', '-show_streams', '-print_format', 'json', 'file:a.mp4'],
      ['file:a.mp4', '-show_streams'],
      ['file:a.mp4'],
      ['-'],
      ['-i', 'a.mp4'],
      ['-v', 'error', '-i', 'file:a.mp4', '-show_entries', 'format=duration'],
    ]) {
      const all = await argumentsOf('ffprobe', args);
      assert.equal(without(all), args);
      assert.equal(all.slice(-4, -1).filter(isGuard), ['-protocol_whitelist', '-format_whitelist']);
    }
    for (const args of [
      ['/etc/passwd'],
      ['../a.mp4'],
      ['concat:a.mp4'],
      ['-i', 'a.mp4', 'b.mp4'],
      ['a.mp4', '-i', 'http://example.org/b.mp4'],
      ['a.mp4', 'b.mp4'],
    ])
      await refusalOf('ffprobe', args);
    assert.equal(await argumentsOf('ffprobe', ['-bsfs']), ['-bsfs']);
    assert.match(await refusalOf('ffprobe', ['-no_such_flag', 'file:a.mp4']), 'what its input is');
  }),
);

testUnless(test, noProc, 'arguments that could hide an input are refused', () =>
  withWrapper(async ({ refusalOf }) => {
    const input = ['-i', 'a.mp4'];
    for (const args of [
      // An option that could be a value, or the other way round.
      ['-rtmp_playpath', '-i', ...input],
      ['-unknown', ...input],
      ['-metadata', '-y', ...input],
      ['-f', 'mp4', '-headers', '-f', ...input],
      ['-i:0', 'a.mp4'],
      ['--', ...input],
      ['--i', 'a.mp4'],
      ['-/filter_complex', 'a', ...input],
      // Filters and presets can read files.
      [...input, '-vf', 'movie=b.mp4', 'c.mp4'],
      [...input, '-filter:v:0', 'subtitles=b.srt', 'c.mp4'],
      ['-filter_complex', 'amovie=b.mp4', 'c.mp4'],
      ['-lavfi', 'movie=b.mp4', 'c.mp4'],
      ['-filter_complex_script', 'b', 'c.mp4'],
      [...input, '-fpre', 'b', 'c.mp4'],
      ['-enable_drefs', '1', ...input],
      ['-use_absolute_path', '1', ...input],
      ['-dump_attachment:t', '', ...input],
      ['-seg_format_options', 'format_whitelist=ALL', ...input],
    ])
      await refusalOf('ffmpeg', args);
    await refusalOf('ffprobe', ['-enable_drefs', '1', 'a.mp4']);
  }),
);

testUnless(
  test,
  mediaMissing,
  'options that the wrapper treats as flags are flags in this ffmpeg',
  async () => {
    const script = await readFile(WRAPPED_FFMPEG, 'utf8');
    for (const program of ['ffmpeg', 'ffprobe']) {
      const real = join(toolPath('ffmpeg') ?? '', '..', program);
      const flags =
        new RegExp(`^${program.toUpperCase()}_FLAGS=' (.*) '$`, 'm').exec(script)?.[1]?.split(' ') ?? [];
      assert.ok(flags.length > 5);
      for (const flag of flags) {
        // If it took a value, it would swallow the other option.
        const { code, stdout, stderr } = await run([real, `-${flag}`, '-version'], '/');
        assert.is(code, 0, `-${flag}: ${stderr}`);
        assert.match(stdout, `${program} version`);
      }
    }
  },
);

testUnless(
  test,
  noProc,
  'the real program is the first on PATH that is not the wrapper, and without one the exit code is 127',
  () =>
    withWrapper(async ({ dir, path }) => {
      const other = join(dir, 'linked');
      await symlink(WRAPPER_DIR, other);
      // Two wrappers on PATH, in both orders, must not call each other forever.
      for (const first of [
        [other, WRAPPER_DIR],
        [WRAPPER_DIR, other],
      ])
        for (const program of [join(first[0]!, 'ffmpeg'), join(first[1]!, 'ffmpeg')]) {
          const { code, stdout } = await run([program, '-bsfs'], dir, [...first, path].join(delimiter));
          assert.is(code, 0);
          assert.match(stdout, 'real dir/ffmpeg');
        }
      for (const nowhere of [WRAPPER_DIR, `${WRAPPER_DIR}:/nonexistent::.`, '/nonexistent']) {
        const { code, stderr } = await run([WRAPPED_FFMPEG, '-version'], join(dir, 'real dir'), nowhere);
        assert.is(code, 127);
        assert.match(stderr, 'there is no ffmpeg on PATH');
      }
    }),
);

test('exit code, stdout, stderr and stdin are those of the real program', () =>
  withWrapper(async ({ dir, path }) => {
    const child = spawn(WRAPPED_FFMPEG, ['-i', 'a.mp4'], { cwd: dir, env: { PATH: path } });
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
    child.stdin.end('one line\nanother');
    const [code] = (await once(child, 'close')) as [number];
    assert.equal({ code, ...said }, { code: 234, out: 'one line\nanother', err: 'progress\r' });
  }, "#!/bin/sh\ncat\nprintf 'progress\\r' >&2\nexit 234\n"));

test('a signal reaches the real program, which has the pid of the wrapper', () =>
  withWrapper(async ({ dir, path }) => {
    const child = spawn(WRAPPED_FFMPEG, ['-i', 'a.mp4'], { cwd: dir, env: { PATH: path } });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const exit = once(child, 'exit');
    await waitFor(() => out.includes('\n'), { what: 'the real program to say its pid' });
    assert.is(Number(out), child.pid);
    child.kill('SIGINT');
    assert.equal(await exit, [255, null]);
    assert.not(isAlive(child.pid ?? 0));
  }, "#!/bin/sh\ntrap 'exit 255' INT\necho $$\nwhile :; do sleep 0.05; done\n"));

test.run();
