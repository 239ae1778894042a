/**
 * Pauses between the reads of slow bodies, so that the kernel gathers bytes meanwhile. At 500 kB/s data arrives in pieces
 * of a few kB; reading each one by itself was more than half of the CPU of 32 such downloads.
 */
interface Pausable {
  readonly destroyed: boolean;
  pause(): unknown;
  resume(): unknown;
}

/**
 * Two in a progress window, and two make one write: a kill costs 180 ms of a slow body at most. With 50 ms, 32 downloads at
 * 500 kB/s took a sixth more CPU.
 */
export const READ_PAUSE_MS = 90;
/**
 * About as much as the kernel's receive buffer holds before it grows (64 KiB by default). After such a read the sender may
 * be blocked on us, so the socket is not paused. Without this a body that began slowly stayed slow: 98 MB that arrived at
 * once took 26 s over TLS instead of 0.6.
 */
export const FULL_READ_BYTES = 56 * 1024;

/**
 * Paused sockets with the bytes that each has read since the last resume: TLS delivers what it has read in records of
 * 16 KiB, paused or not. One timer resumes all of them.
 */
const paused = new Map<Pausable, number>();
let timer: ReturnType<typeof setTimeout> | null = null;

/**
 * Pauses a socket until the timer fires, unless there may be more to read right now.
 * @param bytes of the read that has just been handled
 */
export function pauseAfterRead(socket: Pausable, bytes: number): void {
  const before = paused.get(socket);
  const total = (before ?? 0) + bytes;
  if (total >= FULL_READ_BYTES) {
    paused.delete(socket);
    if (before !== undefined) socket.resume();
    return;
  }
  timer ??= setTimeout(resumeAll, READ_PAUSE_MS);
  paused.set(socket, total);
  socket.pause();
}

/** For a socket that is paused for another reason: the timer will not resume it. */
export function cancelResume(socket: Pausable): void {
  paused.delete(socket);
}

function resumeAll(): void {
  timer = null;
  const sockets = [...paused.keys()];
  paused.clear();
  for (const socket of sockets) if (!socket.destroyed) socket.resume();
}
