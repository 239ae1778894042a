import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { entryCommand } from '#lib/annie/yt-dlp/entry.server.ts';
import { testUnless } from '../../support/skip.ts';
import { missing, toolPath } from '../../support/tools.ts';
import { withDir } from '../../process/machine.ts';

const reason = missing('python3');

interface End {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** How a yt-dlp ends whose `main` is this Python. `proxyUrl`: the guard that it runs under. */
async function endOf(main: string | string[], proxyUrl?: string, argument = 'word'): Promise<End> {
  return withDir(async (dir) => {
    const lines = typeof main === 'string' ? [main] : main;
    const body = ['import socket, sys', 'from yt_dlp.downloader.common import FileDownloader', 'def main():'];
    const downloader = 'class FileDownloader:\n    def download(self): return self.best_block_size\n';
    await mkdir(join(dir, 'yt_dlp/downloader'), { recursive: true });
    await writeFile(join(dir, 'yt_dlp/downloader/common.py'), downloader);
    await writeFile(
      join(dir, 'yt_dlp/__init__.py'),
      [...body, ...lines.map((line) => `    ${line}`), ''].join('\n'),
    );
    const [python = '', ...args] = entryCommand(toolPath('python3') ?? '', dir);
    const env = { ...process.env, ...(proxyUrl === undefined ? {} : { http_proxy: proxyUrl }) };
    const child = spawn(python, [...args, argument], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { status, stdout, stderr };
  });
}

/** What a guarded Python prints; `names` are what its name server knows. */
async function guarded(main: string[], names: Record<string, string[]> = {}, allowed?: string) {
  const origin = createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  const guard = createGuard({
    allowPrivate: parseAllowPrivate(allowed ?? `127.0.0.1:${port}`),
    resolve: (host) => Promise.resolve(names[host] ?? []),
  });
  const proxy = await startProxy({ guard });
  try {
    const end = await endOf([`port = ${port}`, ...main], proxy.urlFor('job'));
    return { ...end, refused: proxy.refused('job') };
  } finally {
    await proxy.close();
    await new Promise((resolve) => origin.close(resolve));
  }
}

testUnless(test, reason, 'the exit code is the one that yt-dlp ended with', async () => {
  const ends: [string, number][] = [
    ['sys.exit(0)', 0],
    ['sys.exit()', 0],
    ['pass', 0],
    ['sys.exit(101)', 101],
    ['raise ValueError("broken")', 1],
  ];
  for (const [main, status] of ends) assert.is((await endOf(main)).status, status, main);
});

testUnless(test, reason, 'last words are printed, and are a failure', async () => {
  const { status, stderr } = await endOf('sys.exit("ERROR: Interrupted by user")');
  assert.is(status, 1);
  assert.match(stderr, 'ERROR: Interrupted by user');
});

testUnless(test, reason, 'what was printed last arrives, and the arguments are those given', async () => {
  const { stdout } = await endOf('sys.stdout.write("x" * 100_000 + sys.argv[1])');
  assert.is(stdout.length, 100_004);
  assert.ok(stdout.endsWith('word'));
});

testUnless(test, reason, 'a yt-dlp whose downloader cannot be checked resumes nothing', async () => {
  const { status, stderr } = await endOf('pass', undefined, '--continue');
  assert.is(status, 1);
  assert.match(stderr, 'ERROR: Sluice cannot check what this yt-dlp resumes: ');
  assert.is((await endOf('pass', undefined, '--no-continue')).status, 0);
});

testUnless(test, reason, 'threads that still work and handlers of others come first', async () => {
  const { stdout } = await endOf(
    [
      'import atexit, threading',
      'waits = threading.Event()',
      'threading.Thread(target=lambda: (waits.wait(), print("thread"))).start()',
      'atexit.register(lambda: print("handler"))',
      'waits.set()',
    ].join('; '),
  );
  assert.equal(stdout.trim().split('\n'), ['thread', 'handler']);
});

testUnless(test, reason, 'output that cannot be flushed is no good end', async () => {
  const { status } = await endOf('import os; os.close(1); os.open("/dev/full", os.O_WRONLY); print("x")');
  assert.ok(status !== 0);
});

testUnless(test, reason, 'a name goes to the guard as it is, and the guard dials', async () => {
  const { stdout, stderr, refused } = await guarded(
    [
      'near = socket.create_connection(("media.example", port), 10)',
      'print(near.getpeername()[0], near.recv(5).decode(), sys.argv[1:])',
    ],
    { 'media.example': ['10.0.0.9', '127.0.0.1'] },
  );
  assert.is(stdout, "127.0.0.1 hello ['--proxy=', 'word']\n", stderr);
  assert.is(refused, null);
});

testUnless(test, reason, 'also a socket that does not wait has its tunnel', async () => {
  const { stdout, stderr } = await guarded(
    [
      'import asyncio',
      'async def read():',
      '    reader, writer = await asyncio.open_connection("media.example", port)',
      '    return await reader.read(5)',
      'print(asyncio.run(read()).decode())',
    ],
    { 'media.example': ['127.0.0.1'] },
  );
  assert.is(stdout, 'hello\n', stderr);
});

testUnless(
  test,
  reason,
  'a private address is refused in any spelling, and the guard knows of it',
  async () => {
    for (const host of [
      'localhost',
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '::1',
      '::ffff:10.0.0.1',
      'inner.example',
    ]) {
      const { status, stderr, refused } = await guarded([`socket.create_connection(("${host}", 9), 10)`], {
        localhost: ['127.0.0.1'],
        'inner.example': ['10.0.0.1'],
      });
      assert.is(status, 1);
      assert.match(stderr, `refused by the guard: ${host} is not a public address`);
      assert.ok(refused, host);
    }
  },
);

testUnless(test, reason, 'what cannot be reached is an error that others know', async () => {
  for (const [host, error] of [
    ['nowhere.example', 'socket.gaierror'],
    ['media.example', 'ConnectionRefusedError'],
  ] as const) {
    const line = `socket.create_connection(("${host}", port + (1 if "${host}" == "media.example" else 0)), 10)`;
    const { stderr } = await guarded([line], { 'media.example': ['127.0.0.1', '127.0.0.2'] }, '127.0.0.0/8');
    assert.match(stderr, error);
  }
});

testUnless(test, reason, 'no other address than the guard can be dialled by anybody', async () => {
  const udp = 'socket.socket(socket.AF_INET, socket.SOCK_DGRAM)';
  for (const line of [
    'socket.socket(socket.AF_INET6).connect(("::1", port))',
    'socket.socket(socket.AF_UNIX).connect("/run/some.sock")',
    `${udp}.sendto(b"x", ("127.0.0.1", port))`,
    'import _socket; _socket.socket().connect(("127.0.0.1", port))',
  ]) {
    const { status, stderr } = await guarded([line]);
    assert.is(status, 1, line);
    assert.match(stderr, /not (by|the address of) the guard/, line);
  }
});

testUnless(test, reason, 'without its guard nothing is found', async () => {
  const { status, stderr } = await endOf(
    'socket.create_connection(("127.0.0.1", 9), 10)',
    'http://job:secret@127.0.0.1:1',
  );
  assert.is(status, 1);
  assert.match(stderr, 'ConnectionRefusedError');
});

testUnless(
  test,
  reason,
  'a block is a tenth of a second, grows at most twofold and stays below 4 MiB',
  async () => {
    const sizes = [
      [1, 1_000_000, 100_000],
      [0.01, 1_000_000, 2_000_000],
      [0, 16_384, 32_768],
      [0.001, 4_194_304, 4_194_304],
      [20, 4_000, 1_024],
    ];
    const calls = sizes.map(([seconds, size]) => `print(FileDownloader().download()(${seconds}, ${size}))`);
    const { stdout, stderr } = await endOf(calls);
    assert.equal(
      stdout.trim().split('\n').map(Number),
      sizes.map(([, , block]) => block),
      stderr,
    );
  },
);

test.run();
