/**
 * The two `sh` scripts that keep engines on a leash. Both use only what every POSIX shell has built in (tried with
 * dash, bash and busybox), fork nothing while they wait, and know nothing but process ids.
 */

/** Set in every engine's environment to `<instance>.<run>`: what leaves its process group still carries it. */
export const RUN_MARK = 'SLUICE_RUN';

/**
 * Waits for a line on fd 3, then becomes the engine (`exec`, so the pid stays). If the server dies first, fd 3
 * closes and nothing was started: there is no moment in which an engine runs that the watcher does not know.
 */
export const GATE = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

/** $0 of the gate: how its own complaints ("sluice-gate: 1: exec: … not found") are told from an engine's. */
export const GATE_NAME = 'sluice-gate';

/**
 * Reads `+ pid` and `- pid` on stdin. The end of stdin means that the server is gone, in whatever way: the kernel
 * closes pipes also after SIGKILL. Then every group left is killed, and on Linux what fled its group by setsid.
 * `kill -9 -PID` is the one spelling that works in every shell (`kill -KILL -- -PID` fails in dash).
 * SIGTERM is ignored because a service manager sends it to the whole tree, and the server needs its watcher to the end.
 * $1 is the instance.
 */
export const WATCHER = `trap '' HUP INT TERM
groups=
while read -r op pid; do
  case $op in
    +) groups="$groups $pid" ;;
    -) kept=
       for g in $groups; do [ "$g" = "$pid" ] || kept="$kept $g"; done
       groups=$kept ;;
  esac
done
[ -n "$groups" ] || exit 0
for g in $groups; do kill -9 -"$g"; done 2>/dev/null
round=0
while [ "$round" -lt 5 ]; do
  left=$(grep -ls "${RUN_MARK}=$1[.]" /proc/[0-9]*/environ 2>/dev/null)
  [ -n "$left" ] || exit 0
  for f in $left; do f=\${f#/proc/}; kill -9 "\${f%/environ}"; done 2>/dev/null
  round=$((round + 1))
done`;
