/**
 * What a process that reads untrusted text does: one read after the other, on one pipe to the server, with calls that block.
 * There is nothing else to wait for, and the end of the pipe is the end of the server.
 */
import { readSync, writeSync } from 'node:fs';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { ReaderName } from '../port.ts';
import { serializeError, type SerializedError } from '../serialized-error.ts';
import { encodeMessage, IncomingMessage } from './message.server.ts';

export interface Task {
  name: ReaderName;
  input: unknown;
}

export type Result =
  | { output: unknown }
  /** `thrown`: stack of an unexpected error, for the log. */
  | { error: SerializedError; thrown: string | null };

/** Of the pipe, in both directions: what native code prints to stdout must not be taken for an answer. */
export const PIPE_FD = 3;
/** The first message: it can read. */
const READY = null;

/** Never returns. */
export function serveReads(readers: Record<string, (input: never) => unknown>): never {
  // A service manager signals every process of the server, which decides itself when a read ends.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  send(encodeMessage(READY));
  for (;;) send(answerTo(receive() as Task, readers));
}

function answerTo({ name, input }: Task, readers: Record<string, (input: never) => unknown>): Uint8Array[] {
  try {
    return encodeMessage({ output: readers[name]?.(input as never) } satisfies Result);
  } catch (thrown) {
    return encodeMessage(failureOf(thrown));
  }
}

function failureOf(thrown: unknown): Result {
  if (thrown instanceof RangeError) {
    // A string or an array that is too long, or a stack overflow.
    return { error: serializeError(new SluiceError('too_complex')), thrown: null };
  }
  const error = toSluiceError(thrown);
  return {
    error: serializeError(error),
    thrown: error === thrown ? null : String((thrown as Error).stack),
  };
}

function receive(): unknown {
  const message = new IncomingMessage(Infinity);
  for (let space = message.space; space.length > 0; space = message.space) {
    const length = readSync(PIPE_FD, space);
    if (length === 0) process.exit();
    message.filled(length);
  }
  return message.value();
}

function send(parts: readonly Uint8Array[]): void {
  for (const part of parts) {
    for (let at = 0; at < part.length;) at += writeSync(PIPE_FD, part, at);
  }
}
