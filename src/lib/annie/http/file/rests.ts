/**
 * Pauses between the reads of slow bodies. What comes at 500 kB/s comes in pieces of some kB, and a read of each with
 * all that Node does for it was more than half of the CPU of 32 such downloads; the kernel gathers them for nothing.
 */
export interface Pausable {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** Two in a window of progress. With 50 ms 32 downloads at 500 kB/s took a sixth more CPU. */
export const REST_MS = 100;
/**
 * This much at once is about all that the kernel has room for before it makes more (64 KiB, its default): the sender may
 * have had to wait for us, so it is read on. Without this a body that was slow at first stayed so: 98 MB that came at
 * once took 26 s over TLS, and 0.6 with it.
 */
export const FULL_BYTES = 56 * 1024;

/**
 * With the bytes that each has had in this turn: TLS delivers what it has read in records of 16 KiB, paused or not.
 * All wake at once: one timer serves them all, and each reads once a turn of it.
 */
const resting = new Map<Pausable, number>();
let turn: ReturnType<typeof setTimeout> | null = null;

/**
 * Pauses a socket until the next turn, unless there may be more to read.
 * @param bytes of the read that has just been dealt with
 */
export function rest(socket: Pausable, bytes: number): void {
  const before = resting.get(socket);
  const had = (before ?? 0) + bytes;
  if (had >= FULL_BYTES) {
    resting.delete(socket);
    if (before !== undefined) socket.resume();
    return;
  }
  turn ??= setTimeout(wake, REST_MS);
  resting.set(socket, had);
  socket.pause();
}

/** It was paused for another reason: the next turn leaves it so. */
export function stayPaused(socket: Pausable): void {
  resting.delete(socket);
}

function wake(): void {
  turn = null;
  const woken = [...resting.keys()];
  resting.clear();
  for (const socket of woken) if (!socket.destroyed) socket.resume();
}
