#!/usr/bin/env node
/**
 * A program that behaves like lux but plays recordings: the same arguments, pipes, chunks and times, the same exit codes
 * and signals, and a file that grows with the bar. The address names the recording, in its fragment or the last part of
 * its path (`http://stand-in.test/lux-plain?speed=10#…`); an address that names none is a page with all of them.
 */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { announcedBytes, listingOf, readRecording, type Recording } from './recording.ts';

/** The recording that an address without a name plays, if it exists. */
const DEFAULT_NAME = 'lux-plain';
/** Size of the file of a run that announced no size and drew no bar. */
const FALLBACK_BYTES = 1024 * 1024;

const [dir = '', ...args] = process.argv.slice(2);
const { values } = parseArgs({
  args: args.map((arg) => arg.replace(/^-(cs|retry)$/, '--$1')),
  options: {
    v: { type: 'boolean', short: 'v' },
    j: { type: 'boolean', short: 'j' },
    f: { type: 'string', short: 'f' },
    o: { type: 'string', short: 'o' },
    O: { type: 'string', short: 'O' },
    n: { type: 'string', short: 'n' },
    F: { type: 'string', short: 'F' },
    cs: { type: 'string' },
    retry: { type: 'string' },
  },
});

const address = values.F === undefined ? '' : readFileSync(values.F, 'utf8').trim();
const names = readdirSync(dir)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => name.slice(0, -'.jsonl'.length))
  .sort((a, b) => Number(b === DEFAULT_NAME) - Number(a === DEFAULT_NAME));

if (values.v) printVersion();
else if (values.j) list();
else await play(load(nameInAddress() ?? names[0] ?? ''));

/** Of the recorded program: lux, or annie before its new bar. */
function printVersion(): void {
  const { engine } = load(names[0] ?? '');
  const version = engine === 'annie' ? '0.10.3' : '1.0.0';
  print(1, `${engine}: version ${version}-stand-in, a video downloader that downloads nothing.\n`);
}

function list(): void {
  const name = nameInAddress();
  const found = (name === null ? names : [name]).map(load);
  const [only] = found;
  if (name !== null && only && only.item === null) {
    // A run that failed before it found anything: its listing fails too.
    for (const { fd, bytes } of only.chunks) writeSync(fd, bytes);
    end(only);
    return;
  }
  const page = address.split('#')[0] ?? '';
  print(1, JSON.stringify(found.map((each) => listingOf(each, `${page}#${each.name}`))));
}

async function play(recording: Recording): Promise<void> {
  const speed = Number(URL.parse(address)?.searchParams.get('speed')) || 1;
  const path = join(values.o ?? '.', `${values.O ?? 'stand-in'}.mp4`);
  const file = openSync(`${path}.download`, 'w');
  let written = 0;
  const startedAt = performance.now();
  for (const { atMs, fd, bytes, receivedBytes } of recording.chunks) {
    const waitMs = atMs / speed - (performance.now() - startedAt);
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    writeSync(fd, bytes);
    if (receivedBytes !== null && receivedBytes > written) {
      // Sparse: it has a size but takes no space.
      ftruncateSync(file, receivedBytes);
      written = receivedBytes;
    }
  }
  if (recording.exitCode === 0) {
    ftruncateSync(file, announcedBytes(recording) ?? (written || FALLBACK_BYTES));
    renameSync(`${path}.download`, path);
  }
  closeSync(file);
  end(recording);
}

function end({ exitCode, signal }: Recording): void {
  if (signal !== null) process.kill(process.pid, signal);
  process.exitCode = exitCode ?? 1;
}

/** The name of a recording in the address; null = none. */
function nameInAddress(): string | null {
  const url = URL.parse(address);
  const words = [url?.hash.slice(1), url?.pathname.split('/').at(-1)];
  return words.find((word) => word !== undefined && names.includes(word)) ?? null;
}

function load(name: string): Recording {
  return readRecording(name, readFileSync(join(dir, `${name}.jsonl`), 'utf8'));
}

function print(fd: 1 | 2, text: string): void {
  writeSync(fd, text);
}
