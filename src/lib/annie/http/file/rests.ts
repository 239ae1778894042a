/**
 * Pauses between the reads of slow bodies. What comes at 500 kB/s comes in pieces of some kB, and a read of each with
 * all that Node does for it was more than half of the CPU of 32 such downloads; the kernel gathers them for nothing.
 */
export interface Pausable {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** Two in a window of progress. With 50 ms 32 downloads at 500 kB/s took a quarter more CPU. */
export const REST_MS = 100;
/**
 * A read of this much found all that the kernel has room for before it makes more (64 KiB, its default): the sender may
 * have had to wait for us, so it is read on. Without this no body that was once slow could get faster than 640 kB/s.
 */
export const FULL_BYTES = 56 * 1024;

/** All wake at once: one timer serves them all, and each reads once a turn of it. */
const resting = new Set<Pausable>();
let turn: ReturnType<typeof setTimeout> | null = null;

/**
 * Pauses a socket until the next turn, unless there may be more to read.
 * @param bytes of the read that has just been dealt with
 */
export function rest(socket: Pausable, bytes: number): void {
  if (bytes >= FULL_BYTES) return;
  turn ??= setTimeout(wake, REST_MS);
  resting.add(socket);
  socket.pause();
}

/** It was paused for another reason: the next turn leaves it so. */
export function stayPaused(socket: Pausable): void {
  resting.delete(socket);
}

function wake(): void {
  turn = null;
  const woken = [...resting];
  resting.clear();
  for (const socket of woken) if (!socket.destroyed) socket.resume();
}
