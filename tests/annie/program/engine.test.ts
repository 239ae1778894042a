import { chmod, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findPrograms } from '#lib/annie/program/locate.server.ts';
import { ERRORS } from '#lib/protocol/error.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { codeOf } from '../../process/with-host.ts';
import { settles } from '../../support/wait.ts';
import { MANIFEST, NAME, never, PAGE, say, withProgram } from './fixture.ts';

const STREAM = { id: 'original', quality: 'original', bytes: 5, ext: 'jpg' };
const ITEM = { type: 'item', url: PAGE, title: 'One', kind: 'image', streams: [STREAM] };
const FILE = { type: 'file', name: 'media.jpg', title: 'One' };
const progress = (receivedBytes: number, totalBytes: number | null, more: object = {}): object => ({
  ...{ type: 'progress', receivedBytes, totalBytes },
  ...more,
});

test('it gets one line on its standard input, and nothing of it in argv or the environment', () =>
  withProgram(async ({ engine, job, workDir }) => {
    const url = `${PAGE}?secret=word`;
    const script = `printf '%s' "$call" > media.call; echo "$0 $*" > media.argv; env > media.env; read -r more && exit 1
      printf 12345 > media.jpg; ${say(FILE)}`;
    await settles((await engine(script)).download(job({ url, streamId: 'original' })));
    const got: unknown = JSON.parse(await readFile(join(workDir, 'media.call'), 'utf8'));
    assert.equal(got, { protocol: 1, call: 'download', url, stream: 'original', workDir });
    for (const name of ['media.argv', 'media.env'])
      assert.not.match(await readFile(join(workDir, name), 'utf8'), 'secret');
  }));

test('the items that it prints are listed, each with the streams that it has', () =>
  withProgram(async ({ engine }) => {
    const other = {
      ...ITEM,
      url: `${PAGE}#2`,
      title: ' ',
      kind: 'hologram',
      streams: [{ id: 'a' }, { id: 'b' }],
    };
    const none = { ...ITEM, url: 'file:///etc/passwd' };
    const lines = [ITEM, other, none, { ...ITEM, streams: [] }, { type: 'news' }].map(say).join('\n');
    const { items } = await (await engine(lines)).parse({ url: PAGE, signal: never });
    const site = 'pictures.example';
    assert.equal(items, [
      { id: '1', url: PAGE, site, title: 'One', type: 'image', streams: [{ ...STREAM, isDefault: true }] },
      {
        ...{ id: '2', url: `${PAGE}#2`, site, title: site, type: 'file' },
        streams: [
          { id: 'a', quality: 'a', bytes: null, ext: 'bin', isDefault: true },
          { id: 'b', quality: 'b', bytes: null, ext: 'bin', isDefault: false },
        ],
      },
    ]);
  }));

for (const [what, script, code] of [
  ['an error with a code of ours', say({ type: 'error', code: 'login_required' }), 'login_required'],
  ['an error after items', `${say(ITEM)}; ${say({ type: 'error', code: 'timeout' })}`, 'timeout'],
  ['an error about this server', say({ type: 'error', code: 'data_dir_busy' }), 'engine_exit'],
  ['an exit code', `${say(ITEM)}; exit 3`, 'engine_exit'],
  ['nothing', 'true', 'no_media'],
  ['a value of JSON that is no object', `echo null; echo 1; echo '[]'`, 'no_media'],
  ['a line that is no JSON', 'echo hello', 'engine_output'],
  ['too long a line', `head -c 300000 /dev/zero | tr '\\0' '"'`, 'engine_output'],
  ['too many lines', `yes '{}' | head -n 20000`, 'too_complex'],
  ['lines without an end', `yes '{}'`, 'engine_output'],
] as const)
  test(`a list that is ${what} is ${code}`, () =>
    withProgram(async ({ engine }) => {
      assert.is(await codeOf((await engine(script)).parse({ url: PAGE, signal: never })), code);
    }));

test('its words are passed on with its name, without folders of this machine', () =>
  withProgram(async ({ engine, job }) => {
    const said = {
      type: 'error',
      code: 'remote_denied',
      message: 'no \u001b[31mway:\u001b[0m /home/me/x.py',
    };
    const message = async (script: string): Promise<string> => {
      const ended = (await engine(script)).download(job());
      return settles(ended.then(String, (thrown: Error) => thrown.message));
    };
    assert.is(await message(say(said)), `${NAME}: no way: x.py`);
    const words = 'for word in first second last; do echo $word >&2; done; exit 7';
    assert.is(await message(words), `${NAME} ended (last): exit code 7.`);
    assert.is(await message(say({ type: 'error', code: 'login_required' })), ERRORS.login_required.title);
    const long = await message(say({ ...said, message: 'x'.repeat(2000) }));
    assert.is(long, `${NAME}: ${'x'.repeat(300)}…`);
    assert.is(await message('exit 7'), `${NAME} ended without a word: exit code 7.`);
  }));

test('a long list is cut, and says so', () =>
  withProgram(async ({ engine }) => {
    const lines = `i=0; while [ $i -lt 501 ]; do ${say(ITEM)}; i=$((i + 1)); done`;
    const { items, truncated } = await (await engine(lines)).parse({ url: PAGE, signal: never });
    assert.equal([items.length, items.at(-1)?.id, truncated], [500, '500', true]);
  }));

test('what an earlier attempt left is there again, but not what a power cut may have damaged', () =>
  withProgram(async ({ engine, job, workDir }) => {
    const program = await engine(`cat media.part >> media.jpg; ${say(FILE)}`);
    await writeFile(join(workDir, 'media.part'), '12345');
    assert.is((await program.download(job())).bytes, 5);
    await rm(join(workDir, 'media.jpg'));
    const note = { version: 1, boot: 'another', files: {} };
    await writeFile(join(workDir, 'sluice-synced.json'), JSON.stringify(note));
    assert.is(await codeOf(program.download(job())), 'engine_output', 'an empty file');
  }));

test('its file is the result, named by its title, or by the one that was picked from a list', () =>
  withProgram(async ({ engine, job, workDir }) => {
    const program = await engine(`printf 12345 > media.jpg; ${say(FILE)}`);
    const expected = { path: join(workDir, 'media.jpg'), suggestedName: 'One.jpg', bytes: 5 };
    const titles: unknown[] = [];
    assert.equal(await program.download(job({ onInfo: ({ title }) => titles.push(title) })), expected);
    assert.equal(titles, ['One']);
    const picked = await program.download(job({ title: 'Album (3).jpg' }));
    assert.equal(picked, { ...expected, suggestedName: 'Album (3).jpg' });
  }));

test('samples never fall or pass the total, and the last one is the last line', () =>
  withProgram(async ({ engine, job }) => {
    const [samples, phases]: [Sample[], string[]] = [[], []];
    const lines = [progress(2, 5), progress(1, 5), progress(9, 5), progress(-1, 5), progress(5, 5)];
    const program = await engine(`${lines.map(say).join('\n')}\nprintf 12345 > media.jpg; ${say(FILE)}`);
    await program.download(
      job({ onSample: (sample) => samples.push(sample), onPhase: (phase) => phases.push(phase) }),
    );
    const received = samples.map(({ receivedBytes }) => receivedBytes);
    assert.equal(
      received,
      received.toSorted((a, b) => a - b),
    );
    assert.is(received.at(-1), 5);
    assert.ok(samples.every(({ percent, totalBytes }) => totalBytes === 5 && (percent ?? 0) <= 100));
    assert.equal(new Set(phases), new Set(['download']));
  }));

test('a file of another size than announced is not kept, unless something was made of the bytes', () =>
  withProgram(async ({ engine, job, workDir }) => {
    const made = (line: object): string => `${say(line)}; printf 123 > media.jpg; ${say(FILE)}`;
    assert.is(await codeOf((await engine(made(progress(5, 5)))).download(job())), 'size_mismatch');
    assert.equal(await readdir(workDir), []);
    const finishing = await engine(made(progress(5, 5, { phase: 'finish' })));
    const phases: string[] = [];
    assert.is((await finishing.download(job({ onPhase: (phase) => phases.push(phase) }))).bytes, 3);
    assert.equal(phases, ['finish']);
    assert.is((await (await engine(made(progress(5, null)))).download(job())).bytes, 3);
  }));

const named = (name: string): string => say({ ...FILE, name });
for (const [what, script, code] of [
  ['no file', 'true', 'engine_output'],
  ['a file that is not there', named('media.png'), 'engine_output'],
  ['an empty file', `: > media.jpg; ${named('media.jpg')}`, 'engine_output'],
  ['a file outside', named('media./../../data/engines/test-engine/engine'), 'engine_output'],
  ['an absolute path', named('/etc/passwd'), 'engine_output'],
  ['a name that is too long', named(`media.${'x'.repeat(5_000)}`), 'engine_output'],
  ['a note of ours', `echo x > owner.json; ${named('owner.json')}`, 'engine_output'],
  ['a link', `ln -s /etc/passwd media.jpg; ${named('media.jpg')}`, 'engine_output'],
  ['a folder', `mkdir media.jpg; ${named('media.jpg')}`, 'engine_output'],
  ['a pipe', `mkfifo media.jpg; ${named('media.jpg')}`, 'engine_output'],
  ['a line that is no JSON', 'echo hello; exec sleep 600', 'engine_output'],
  ['too long a line', `head -c 9000 /dev/zero | tr '\\0' x; echo; exec sleep 600`, 'engine_output'],
  ['lines without an end', `yes '${JSON.stringify(progress(1, 5))}'`, 'engine_output'],
  ['one line without an end', `yes ' ' | tr -d '\\n'`, 'engine_output'],
  ['a missing quality', say({ type: 'error', code: 'stream_not_found' }), 'stream_not_found'],
  ['an error, and a file', `printf 1 > media.jpg; ${say(FILE)}; ${say({ type: 'error' })}`, 'engine_exit'],
] as const)
  test(`a download that ends with ${what} is ${code}`, () =>
    withProgram(async ({ engine, job }) => {
      assert.is(await codeOf((await engine(script)).download(job())), code);
    }));

test('it claims its sites and all below them, but no manifests', () =>
  withProgram(async ({ engine }) => {
    const program = await engine('true');
    const claim = (host: string) => program.supports(new URL(`https://${host}/`), { kind: 'page' });
    for (const host of ['pictures.example', 'cdn.PICTURES.example', 'pictures.example.'])
      assert.is(await claim(host), 'site', host);
    for (const host of ['example', 'my-pictures.example', 'pictures.example.org'])
      assert.is(await claim(host), 'no', host);
    assert.is(await program.supports(new URL(PAGE), { kind: 'manifest', format: 'hls' }), 'no');
  }));

test('its status says what is wrong with it, and nothing of it is started then', () =>
  withProgram(async ({ engine, job, dataDir, workDir }) => {
    const folder = join(dataDir, 'engines/test-engine');
    const program = await engine('true');
    assert.equal(await program.status(), { engine: NAME, state: 'ready', version: '1.2.3', path: folder });
    for (const [wrong, reason] of [
      [{ protocol: 2 }, /protocol/],
      [{ name: 'other' }, /names "other"/],
      [{ version: '\u001b[31m' }, /^engine\.json: version: a version has/],
      [{ sites: ['https://x.example/'] }, /host name/],
      [{ sites: 'x.example' }, /sites/],
      [{ protocol: undefined }, /protocol/],
    ] as const) {
      const broken = await engine('touch media.started', {}, { ...MANIFEST, ...wrong });
      const status = await broken.status();
      assert.match(status.state === 'unusable' ? status.reason : status.state, reason);
      assert.is(await broken.supports(new URL(PAGE), { kind: 'page' }), 'no');
      assert.is(await codeOf(broken.download(job())), 'engine_version');
    }
    const good = await engine('touch media.started');
    await chmod(join(folder, 'engine'), 0o777);
    assert.is((await good.status()).state, 'unusable', 'everybody can change it');
    await chmod(join(folder, 'engine'), 0o644);
    assert.is((await good.status()).state, 'unusable', 'it cannot be executed');
    await rm(folder, { recursive: true });
    assert.is((await good.status()).state, 'missing');
    assert.is(await codeOf(good.parse({ url: PAGE, signal: never })), 'engine_missing');
    assert.equal(await readdir(workDir), []);
  }));

test('folders with a manifest are found, by names that an engine can have', () =>
  withProgram(async ({ engine, dataDir }) => {
    await engine('true');
    const engines = join(dataDir, 'engines');
    for (const name of ['Odd Name', 'z', '*']) await symlink('test-engine', join(engines, name));
    await writeFile(join(engines, 'file'), '');
    const found = findPrograms(dataDir);
    assert.equal(found, { names: [NAME, 'program:z'], refused: ['*', 'Odd Name'] });
    assert.equal(findPrograms(join(dataDir, 'none')), { names: [], refused: [] });
  }));

test.run();
