# Reads `+ pid` and `- pid` on stdin. The end of stdin means that the server has died: the kernel closes pipes even after
# SIGKILL. Then every group that is left is killed, and on Linux every process that left its group by setsid.
# $1 is the server id. Until then it forks nothing, and it uses only what every POSIX shell has built in (tried with dash,
# bash and busybox): `kill -9 -PID` is the one spelling that works in all (`kill -KILL -- -PID` fails in dash).

# A service manager sends SIGTERM to the whole process tree, and the server needs its watcher to the end.
trap '' HUP INT TERM
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
  left=$(grep -ls "SLUICE_RUN=$1[.]" /proc/[0-9]*/environ 2>/dev/null)
  [ -n "$left" ] || exit 0
  for f in $left; do f=${f#/proc/}; kill -9 "${f%/environ}"; done 2>/dev/null
  round=$((round + 1))
done
