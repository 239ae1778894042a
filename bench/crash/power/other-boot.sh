#!/bin/sh
# In a mount namespace of its own: starts a program in another boot, as the kernel tells it. Usage: FILE PROGRAM...
set -eu
mount --bind "$1" /proc/sys/kernel/random/boot_id
shift
exec "$@"
