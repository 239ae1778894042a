export interface GracePeriods {
  /** ms between SIGINT and SIGTERM: lux and yt-dlp keep their partial files on SIGINT. */
  interruptMs: number;
  /** ms between SIGTERM and SIGKILL. */
  terminateMs: number;
}

/** Together well under the 10 s that a shutdown may take. */
export const DEFAULT_GRACE_PERIODS: GracePeriods = { interruptMs: 2000, terminateMs: 1500 };

/** Sends SIGINT, SIGTERM and SIGKILL in turn. @returns stops that, once the engine has exited */
export function escalateSignals(
  send: (signal: NodeJS.Signals) => void,
  gracePeriods: GracePeriods,
): () => void {
  send('SIGINT');
  let timer = setTimeout(() => {
    send('SIGTERM');
    timer = setTimeout(() => send('SIGKILL'), gracePeriods.terminateMs);
  }, gracePeriods.interruptMs);
  return () => clearTimeout(timer);
}
