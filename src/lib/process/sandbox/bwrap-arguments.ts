/** The argv of bubblewrap. Pure: which paths exist is the caller's business. */
import type { FullSandbox, ReadablePath } from './sandbox.ts';

/** A run's own folder in memory, which is not visible outside. */
export const PRIVATE_TMP = '/tmp';
/** Sizes of `PRIVATE_TMP` and of /dev/shm. */
const TMP_BYTES = 64 * 1024 ** 2;
const SHM_BYTES = 16 * 1024 ** 2;

/**
 * Namespaces, the read-only system, and private /proc, /dev and /tmp. bubblewrap sets no_new_privs by itself; `--cap-drop
 * ALL` is for a server that runs as root. All but the engine's folder is read-only, the tmpfs at the root too.
 */
export function baseArguments(places: readonly ReadablePath[], canDisableUserns: boolean): string[] {
  return [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net'],
    '--unshare-cgroup-try',
    ...(canDisableUserns ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--cap-drop', 'ALL', '--hostname', 'sluice'],
    ...places.flatMap(({ path, linkTo }) =>
      linkTo === null ? ['--ro-bind', path, path] : ['--symlink', linkTo, path],
    ),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(SHM_BYTES), '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ...['--size', String(TMP_BYTES), '--perms', '1777', '--tmpfs', PRIVATE_TMP],
  ];
}

interface RunPlaces {
  /** The writable folder, and the current one. */
  cwd: string;
  /** Existing files and folders. */
  reads: readonly string[];
  /** Existing files in the folder that stay as they are. */
  kept: readonly string[];
}

/** The arguments before the command. The writable folder is mounted after the readable ones, as it may lie in one of them. */
export function runArguments(
  sandbox: Pick<FullSandbox, 'bwrap' | 'base' | 'places'>,
  run: RunPlaces,
): string[] {
  const system = sandbox.places.map(({ path }) => path);
  const reads = run.reads.filter((path, i) => {
    // Mounting a link on itself fails, and what lies in another place is mounted already.
    return (
      !system.some((place) => isIn(path, place)) &&
      !run.reads.some((place, k) => isIn(path, place) && (path !== place || k < i))
    );
  });
  return [
    ...[sandbox.bwrap, ...sandbox.base],
    ...reads.flatMap((path) => ['--ro-bind', path, path]),
    ...['--bind', run.cwd, run.cwd],
    ...run.kept.flatMap((path) => ['--ro-bind', path, path]),
    ...['--remount-ro', '/', '--chdir', run.cwd],
  ];
}

function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`);
}
