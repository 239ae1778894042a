/** How an engine is asked to stop: politely, firmly, and then not asked any more. */

export interface StopGraces {
  /** ms between SIGINT and SIGTERM: lux and yt-dlp keep their partial files on SIGINT. */
  interruptMs: number;
  /** ms between SIGTERM and SIGKILL. */
  terminateMs: number;
}

/** Together well under the 10 s that a shutdown may take. */
export const DEFAULT_GRACES: StopGraces = { interruptMs: 2000, terminateMs: 1500 };

/** Sends the three signals in turn until the returned function is called (the engine has exited). */
export function climbLadder(send: (signal: NodeJS.Signals) => void, graces: StopGraces): () => void {
  send('SIGINT');
  let timer = setTimeout(() => {
    send('SIGTERM');
    timer = setTimeout(() => send('SIGKILL'), graces.terminateMs);
  }, graces.interruptMs);
  return () => clearTimeout(timer);
}
