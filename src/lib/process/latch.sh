# Waits for a line on fd 3, then becomes the engine: `exec` keeps the pid. If the server dies first, fd 3 closes and
# nothing is started: no engine ever runs that the watcher does not know. Only what every POSIX shell has built in (tried
# with dash, bash and busybox). $1 is the largest file in blocks of 512 bytes; no engine dumps its memory.
read -r go <&3 || exit 125
exec 3<&-
ulimit -c 0
# Where a lower limit is in force already, it cannot be raised, and stays.
ulimit -f "$1" 2>/dev/null || [ "$(ulimit -f)" != unlimited ] || exit 125
shift
exec "$@"
