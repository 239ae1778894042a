/**
 * Limits the small pieces of bodies. The parser calls back for each chunk of a chunked body, which takes 1.3 µs, and a server
 * may send each byte as one: the 64 KiB that are read ahead took 80 ms at a time, and 4 MB of a file six seconds in a row.
 */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import { type BodyLimits, limitWaits } from './body-limits.ts';
import { watchEnd } from './early-end.server.ts';

/**
 * What a piece counts as at least in limits of bytes, as so many take the CPU of a piece. Servers send pieces of some kB; a
 * page of 4 MiB may come in 32,768.
 */
const LEAST_PIECE_BYTES = 128;
/** Of a body in one turn of the event loop: 1.3 ms. */
const MAX_SMALL_PIECES = 1000;
/** Between two such turns, of all bodies: small pieces have a third of the thread. */
const TURN_MS = 4;

/** Of a body, so far. */
interface Received {
  /** What its small pieces count as beyond their bytes. */
  surplusBytes: number;
}

const received = new WeakMap<Readable, Received>();
let nextTurnMs = 0;

/** A request whose body is paced: by a callback, which is called before the parser goes on to the body's first pieces. */
export function pacedRequest(
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
  limits: BodyLimits,
): Promise<Dispatcher.ResponseData> {
  return new Promise((resolve, reject) => {
    request.call(dispatcher, { ...options, bodyTimeout: 0 }, (error, response) => {
      if (error !== null) return reject(error);
      limitWaits(response.body, limits);
      paceChunks(response.body);
      const { 'content-encoding': coding, 'content-length': length } = response.headers;
      if (length !== undefined) watchEnd(response.body, Number(length), coding !== undefined);
      resolve(response);
    });
  });
}

/** To be called before the first piece. */
function paceChunks(body: Readable): void {
  const push = body.push.bind(body);
  const read = body._read.bind(body);
  const counts: Received = { surplusBytes: 0 };
  let smallPieces = 0;
  let isWaiting = false;
  received.set(body, counts);
  body.push = (piece: Buffer | null) => {
    const wantsMore = push(piece);
    if (piece === null || piece.length >= LEAST_PIECE_BYTES) return wantsMore;
    counts.surplusBytes += LEAST_PIECE_BYTES - piece.length;
    // The parser pauses, and goes on at the next `_read`.
    return ++smallPieces < MAX_SMALL_PIECES && wantsMore;
  };
  body._read = (size) => {
    if (smallPieces < MAX_SMALL_PIECES) return read(size);
    if (isWaiting) return;
    isWaiting = true;
    void nextTurn().then(() => {
      [smallPieces, isWaiting] = [0, false];
      if (!body.destroyed) read(size);
    });
  };
}

/** What the small pieces of a body, received so far, count as beyond their bytes. */
export function surplusOf(body: Readable): number {
  return received.get(body)?.surplusBytes ?? 0;
}

/** Turns come in the order in which they were waited for. */
export async function nextTurn(): Promise<void> {
  const nowMs = performance.now();
  const atMs = Math.max(nowMs, nextTurnMs);
  nextTurnMs = atMs + TURN_MS;
  await new Promise((resolve) => setTimeout(resolve, atMs - nowMs));
}
