/**
 * Collects the garbage of this thread, as V8 does when memory is short. Not for the main thread: it takes several rounds,
 * which stop it for 60 ms and more.
 */
export async function collectGarbage(): Promise<void> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}
