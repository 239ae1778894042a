/** What starts the server may be killed, and cannot end it then: the command stops with it as on SIGTERM. */

const POLL_MS = 1_000;

/** Of the process that starts this one. */
interface Starter {
  env: Record<string, string | undefined>;
  parent: () => number;
}

const STARTER: Starter = { env: process.env, parent: () => process.ppid };

/**
 * Under an older Node the launcher starts this process and stays: should it be killed, its end of the channel closes.
 * Nothing is sent over it. `npm start` stays too, and has no channel: another parent means that it is gone. A person who
 * starts `sluice serve` in the background of a shell may well end the shell.
 */
export function stopWithLauncher({ env, parent }: Starter = STARTER): void {
  if (process.channel !== undefined) {
    process.once('disconnect', stop);
    // Nobody waits for it: a command that is done ends.
    process.channel.unref();
  } else if (env['npm_lifecycle_event'] === 'start' && env['npm_package_name'] === 'sluice') {
    const npm = parent();
    const timer = setInterval(() => {
      if (parent() === npm) return;
      clearInterval(timer);
      stop();
    }, POLL_MS);
    timer.unref();
  }
}

function stop(): void {
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(1);
}
