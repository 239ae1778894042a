# Confines itself where there are no namespaces, and becomes the engine: Landlock (files, and TCP to one port alone), and the
# seccomp filter of syscall-filter.ts for what Landlock does not see (UDP, sockets of files, fast open, MPTCP, io_uring, the
# rights of files, other processes). Either alone leaks. Arguments: a JSON {read, write, port, filter}, then the engine's.
# Needs Landlock's ABI 4 (Linux 6.7).
import binascii, ctypes, json, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def fail(what):
    sys.exit(f'sluice-sandbox: {what}')
def call(what, number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        fail(f'{what}: {os.strerror(ctypes.get_errno())}')
    return result

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_SECUREBITS = 38, 22, 24, 28
# Root keeps nothing over an exec (SECBIT_NOROOT and its lock), as far as it may decide that.
libc.prctl(PR_SET_SECUREBITS, 3, 0, 0, 0)
for capability in range(64):
    libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
class CapHeader(ctypes.Structure):
    _fields_ = [('version', ctypes.c_uint32), ('pid', ctypes.c_int)]
libc.capset(ctypes.byref(CapHeader(0x20080522, 0)), (ctypes.c_uint32 * 6)())
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
    fail('no_new_privs')

# linux/landlock.h
CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
CONNECT_TCP, BIND_TCP = 2, 1
abi = libc.syscall(CREATE, None, 0, 1)
if abi < 4:
    fail(f'the kernel has Landlock {max(abi, 0)}, 4 is needed')
every = (1 << (16 if abi >= 5 else 15)) - 1
attributes = struct.pack('QQ', every, CONNECT_TCP | BIND_TCP) + (struct.pack('Q', 3) if abi >= 6 else b'')
rules = call('Landlock', CREATE, attributes, len(attributes), 0)
def allow(path, access):
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        access &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
    call(path, ADD, rules, 1, struct.pack('=Qi', access & every, fd), 0)
    os.close(fd)
places = json.loads(sys.argv[1])
if places['filter'] is None:
    fail(f'there is no filter for {platform.machine()}')
for path in places['read'] + ['/proc']:
    allow(path, EXECUTE | READ_FILE | READ_DIR)
for path in ('/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'):
    allow(path, READ_FILE | WRITE_FILE | IOCTL_DEV)
for path in places['write']:
    allow(path, every)
if places['port'] is not None:
    call('the port', ADD, rules, 2, struct.pack('QQ', CONNECT_TCP, places['port']), 0)

call('Landlock', RESTRICT, rules, 0)
os.close(rules)
code = binascii.a2b_base64(places['filter'])
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_char_p)]
if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0) != 0:
    fail(f'seccomp: {os.strerror(ctypes.get_errno())}')
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    fail(error)
