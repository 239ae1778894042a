const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl+C reaches a whole group, and npm or a launcher then passes it on: the same wish, heard twice. */
const ECHO_MS = 300;

/** As `Io.onInterrupt`. */
export function onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void {
  let firstAt: number | null = null;
  const hear = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAt === null) {
      firstAt = now;
      stop(signal);
    } else if (now - firstAt > ECHO_MS) {
      process.exit(1);
    }
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return () => {
    for (const signal of SIGNALS) process.off(signal, hear);
  };
}
