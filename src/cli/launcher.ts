/**
 * Under an older Node the launcher starts this process and stays: should it be killed, its end of the channel closes, and
 * the command stops as on SIGTERM. Nothing is sent over it.
 */
export function stopWithLauncher(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => {
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(1);
  });
  // Nobody waits for it: a command that is done ends.
  process.channel.unref();
}
