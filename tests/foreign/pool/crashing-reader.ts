/** A program of the pool whose reader `page` does to its process what its input names; `playlist` is the real one. */
import { spawnSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { serveReads } from '#lib/foreign/pool/reader-loop.server.ts';
import { readers } from '#lib/foreign/readers.ts';

const GIB = 1024 ** 3;

const DEEDS: Record<string, () => unknown> = {
  // One call that needs more than the heap may have: V8 ends the whole process, where a thread was it that of the server.
  'native allocation': () => new Array<number>(60_000_000).fill(0).length,
  abort: () => process.abort(),
  'segmentation fault': () => process.kill(process.pid, 'SIGSEGV'),
  exit: () => process.exit(0),
  'bytes outside of the heap': () => {
    const kept: Buffer[] = [];
    for (let bytes = 0; bytes < 16 * GIB; bytes += GIB / 64) kept.push(Buffer.alloc(GIB / 64, 1));
    return kept.length;
  },
  'one great allocation': () => Buffer.alloc(8 * GIB, 1).length,
  'native code': () => pbkdf2Sync('', '', 2 ** 31 - 1, 64, 'sha512').length,
  loop: () => {
    for (;;);
  },
  stopped: () => process.kill(process.pid, 'SIGSTOP'),
  'a long answer': () => 'x'.repeat(100 * 1024 * 1024),
  environment: () => Object.keys(process.env),
  'a file': () => readFileSync('/etc/passwd', 'utf8'),
  'a program': () => spawnSync('/bin/true').status,
  code: () => runInThisContext('eval')('1') as unknown,
  pid: () => process.pid,
};

serveReads({ ...readers, page: ({ url }: { url: string }) => DEEDS[url]?.() });
