"""Shuts file systems down as a power cut does: what was not synced is lost. Usage: shutdown.py MOUNTPOINT..."""
import fcntl
import os
import struct
import sys

# _IOR('X', 125, __u32), and "do not flush the log": what xfstests use (src/godown.c there).
EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2

handles = [os.open(mountpoint, os.O_RDONLY) for mountpoint in sys.argv[1:]]
for handle in handles:
    fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
