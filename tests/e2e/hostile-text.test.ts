/** While untrusted text is parsed, other sessions are answered as usual. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import { TestSocket } from '../edge/ask.ts';
import { sha256Of } from '../site/content.ts';
import type { Api } from '../support/api.ts';
import { sha256File } from '../support/media-hash.ts';
import { repeated } from '../support/scaling.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { settles, waitFor } from '../support/wait.ts';
import { FILE_BYTES, FILE_SEED, type HostileOrigin, startHostileOrigin } from './hostile-origin.ts';

/** The longest time to an answer on an idle machine. */
const ANSWER_MS = 200;
const MIB = 1024 * 1024;
/** Permanent error codes, and those for pages without media. */
const FINAL = [
  'invalid_manifest',
  'no_media',
  'too_complex',
  'engine_output',
  'unsupported_url',
  'remote_not_found',
  'live_stream',
];

let origin: HostileOrigin;
let place: Place;
let server: TestServer;
let other: Api;
let socket: TestSocket;

test.before(async () => {
  origin = await startHostileOrigin();
  place = makePlace();
  // So that only the yt-dlp and the lux of these tests are found.
  rmSync(join(place.dataDir, 'engines'), { force: true });
  const bin = join(place.dir, 'bin');
  mkdirSync(bin);
  writeEngines(bin);
  const path = [bin, '/usr/local/bin', '/usr/bin', '/bin'].join(':');
  server = await startServer({ place, env: { PATH: path } });
  other = await server.session();
  socket = await TestSocket.of(server.url, other.token);
  socket.send({ type: 'hello' });
  await answerOf((message) => message.type === 'snapshot');
});
test.after(async () => {
  socket.close();
  await server.stop();
  place.remove();
  await origin.close();
});

/** Engines that print hostile output, chosen by the address. */
function writeEngines(bin: string): void {
  const texts: Record<string, string> = {
    objects: `{"x":[${repeated('{},', 24 * MIB)}{}]}`,
    names: `{${repeated('"k\u0001":0,', 24 * MIB)}"x":0}`,
    formats: `{"formats":[${repeated('{"format_id":"v\u0001","vcodec":"x","acodec":"none"},{"format_id":"a\u0001","vcodec":"none"},', 20 * MIB)}{}]}`,
    words: repeated('Downloading ', 15 * MIB),
  };
  texts['flood'] = `ERROR: ${repeated('unable to write data: ', MIB)}\n`;
  writeFileSync(join(bin, 'yt-dlp'), programOf(texts, '2026.10.26'), { mode: 0o755 });
  const lux = programOf(texts, 'lux: version v0.24.1, A fast and simple video downloader.');
  writeFileSync(join(bin, 'lux'), lux, { mode: 0o755 });
}

/** A script that prints one of the texts, which follow its last line: in its sandbox it can read no other file. */
function programOf(texts: Record<string, string>, version: string): string {
  const header = (offset: number): string => {
    let at = offset;
    const cases = Object.entries(texts).map(([name, text]) => {
      // From 1, and always as many digits.
      const from = String(at + 1).padStart(12, '0');
      at += text.length;
      return `${name}) from=${from} bytes=${text.length} ;;`;
    });
    return `#!/bin/sh
case "$*" in *-version*|*" -v"*|-v) echo "${version}"; exit ;; *list-extractors*) exit ;; esac
for last; do :; done
# Both have the address in a file.
case $last in --batch-file=*) last=\${last#*=} ;; esac
[ ! -f "$last" ] || read -r last <"$last"
name="\${last##*/}"
case $name in
${cases.join('\n')}
esac
[ "$name" = flood ] && { tail -c +$from "$0" | head -c $bytes >&2; exit 1; }
tail -c +$from "$0" | head -c $bytes
exit
`;
  };
  return header(header(0).length) + Object.values(texts).join('');
}

async function answerOf(fits: (message: ServerMessage) => boolean): Promise<void> {
  await waitFor(() => socket.messages.some(fits), { what: 'an answer on the channel' });
  socket.messages.length = 0;
}

/** The load of the machine: the ratio of wall time to CPU time of a small task, over all samples. */
class Load {
  #wallMs = 0;
  #cpuMs = 0;

  /** Takes a sample of some scheduler ticks. */
  look(): void {
    const before = process.threadCpuUsage();
    const startedMs = performance.now();
    let usedMs = 0;
    while (usedMs < 4) {
      const { user, system } = process.threadCpuUsage(before);
      usedMs = (user + system) / 1000;
    }
    this.#wallMs += performance.now() - startedMs;
    this.#cpuMs += usedMs;
  }

  get factor(): number {
    return Math.max(1, this.#wallMs / this.#cpuMs);
  }
}

interface Watched {
  /** ms of the slowest answer. */
  slowestMs: number;
  load: number;
  answers: number;
}

/** Sends requests of another session, over HTTP and the channel, until `work` is done. */
async function watch(work: Promise<unknown>): Promise<Watched> {
  const load = new Load();
  let slowestMs = 0;
  let answers = 0;
  let isDone = false;
  void work.finally(() => (isDone = true)).catch(() => undefined);
  do {
    for (const ask of [askByHttp, askByChannel]) {
      const startedMs = performance.now();
      await ask();
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      answers++;
    }
    load.look();
  } while (!isDone);
  await work;
  return { slowestMs, load: load.factor, answers };
}

async function askByHttp(): Promise<void> {
  await settles(other.list());
}

async function askByChannel(): Promise<void> {
  const id = crypto.randomUUID();
  socket.send({ type: 'command', id, name: 'pause', downloadId: 'aaaaaaaaaaaa' });
  await answerOf((message) => message.type === 'reject' && message.id === id);
}

function isHeldUpBy(what: string, { slowestMs, load, answers }: Watched): void {
  const limitMs = ANSWER_MS * load;
  console.log(
    `    ${what}: ${answers} answers, the slowest after ${slowestMs.toFixed(0)} ms (limit ${limitMs.toFixed(0)})`,
  );
  assert.ok(slowestMs <= limitMs, `${what}: ${slowestMs.toFixed(0)} ms, more than ${limitMs.toFixed(0)}`);
}

/** Asserts that a look-up is refused with a permanent code. */
async function lookUp(url: string, engine: string, codes = FINAL): Promise<void> {
  const api = await server.session();
  const answer = await api.call<{ code?: string }>('POST', '/api/parse', { url, engine });
  if (answer.status === 200) return;
  assert.ok(codes.includes(answer.body.code ?? ''), `${url}: ${JSON.stringify(answer.body)}`);
}

for (const kind of ['.m3u8', 'page']) {
  test(`a hostile ${kind === 'page' ? kind : 'playlist'} that is looked up delays no other session`, async () => {
    for (const path of origin.paths(kind))
      isHeldUpBy(path, await watch(lookUp(`${origin.url}${path}`, 'http')));
  });
}

test('a download of a hostile playlist fails permanently, and delays no other session', async () => {
  for (const path of origin.paths('.m3u8')) {
    const api = await server.session();
    const download = async (): Promise<void> => {
      const id = await api.add({ url: origin.url + path, engine: 'http' });
      const row = await waitFor(async () => {
        const now = await api.get(id);
        return ['error', 'waiting', 'complete'].includes(now.state) && now;
      });
      assert.is(row.state, 'error', JSON.stringify(row));
      assert.ok([...FINAL, 'url_too_long'].includes(row.error?.code ?? ''), JSON.stringify(row));
    };
    isHeldUpBy(path, await watch(download()));
  }
});

test('a head of blanks, and one sent byte by byte, delay no other session, and the file still arrives', async () => {
  for (const name of ['blanks', 'drip']) {
    const api = await server.session();
    const download = async (): Promise<void> => {
      const row = await api.waitFor(
        await api.add({ url: `${origin.url}/${name}.bin`, engine: 'http' }),
        'complete',
      );
      assert.is(row.file?.bytes, FILE_BYTES);
    };
    isHeldUpBy(name, await watch(download()));
    assert.is(await sha256File(join(place.downloadDir, `${name}.bin`)), sha256Of(FILE_SEED, FILE_BYTES));
  }
});

test('hostile output of yt-dlp and lux delays no other session', async () => {
  for (const name of ['objects', 'names', 'formats', 'flood']) {
    const codes = [...FINAL, 'disk_denied', 'engine_exit'];
    isHeldUpBy(`yt-dlp ${name}`, await watch(lookUp(`${origin.url}/${name}`, 'yt-dlp', codes)));
  }
  for (const name of ['objects', 'words'])
    isHeldUpBy(`lux ${name}`, await watch(lookUp(`${origin.url}/${name}`, 'lux')));
});

test('hostile pages of many sessions delay only each other', async () => {
  const all = Promise.all(Array.from({ length: 8 }, () => lookUp(`${origin.url}/open-tags-4-mib`, 'http')));
  isHeldUpBy('eight at once', await watch(all));
});

test.run();
