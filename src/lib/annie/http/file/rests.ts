/**
 * Pauses between the reads of slow bodies. What comes at 500 kB/s comes in pieces of some kB, and a read of each with
 * all that Node does for it was more than half of the CPU of 32 such downloads; the kernel gathers them for nothing.
 */
export interface Pausable {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/** A quarter of a window of progress. At the rate of a slow body (`SLOW_BYTES_PER_MS`) the kernel has room for it. */
export const REST_MS = 50;

/** All wake at once: one timer serves them all, and each reads once a turn of it. */
const resting = new Set<Pausable>();
let turn: ReturnType<typeof setTimeout> | null = null;

/** Pauses a socket until the next turn. */
export function rest(socket: Pausable): void {
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
