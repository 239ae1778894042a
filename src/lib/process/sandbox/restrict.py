# Confines itself where there are no namespaces, and becomes the engine: Landlock (files, and TCP to one port alone), and a
# seccomp filter for what Landlock does not see (UDP, sockets of files, fast open, MPTCP, io_uring, other processes). Either
# alone leaks. Arguments: a JSON {read, write, port}, then the engine's. Needs Landlock's ABI 4 (Linux 6.7).
import ctypes, errno, json, os, platform, struct, sys
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
for path in places['read'] + ['/proc']:
    allow(path, EXECUTE | READ_FILE | READ_DIR)
for path in ('/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'):
    allow(path, READ_FILE | WRITE_FILE | IOCTL_DEV)
for path in places['write']:
    allow(path, every)
if places['port'] is not None:
    call('the port', ADD, rules, 2, struct.pack('QQ', CONNECT_TCP, places['port']), 0)

# Numbers of x86-64 and of arm64; those from 424 on are the same.
X86, ARM = {'x86_64': (1, 0), 'aarch64': (0, 1)}.get(platform.machine(), (0, 0))
if not X86 and not ARM:
    fail(f'there is no filter for {platform.machine()}')
ARCH = 0xC000003E if X86 else 0xC00000B7
SYSCALLS = {
    'socket': (41, 198), 'sendto': (44, 206), 'sendmsg': (46, 211), 'bind': (49, 200), 'listen': (50, 201),
    'socketpair': (53, 199), 'setsockopt': (54, 208), 'clone': (56, 220), 'ptrace': (101, 117), 'pivot_root': (155, 41),
    'chroot': (161, 51), 'mount': (165, 40), 'umount2': (166, 39), 'init_module': (175, 105), 'kexec_load': (246, 104),
    'add_key': (248, 217), 'request_key': (249, 218), 'keyctl': (250, 219), 'unshare': (272, 97),
    'perf_event_open': (298, 241), 'open_by_handle_at': (304, 265), 'sendmmsg': (307, 269), 'setns': (308, 268),
    'process_vm_readv': (310, 270), 'process_vm_writev': (311, 271), 'finit_module': (313, 273), 'bpf': (321, 280),
    'userfaultfd': (323, 282),
}
def number_of(name):
    return SYSCALLS[name][0 if X86 else 1]
DENIED = 'bind listen ptrace pivot_root chroot mount umount2 init_module kexec_load add_key request_key keyctl unshare'.split()
DENIED += 'perf_event_open open_by_handle_at setns process_vm_readv process_vm_writev finit_module bpf userfaultfd'.split()
# pidfd_send_signal, io_uring_*, open_tree to fspick, pidfd_open, pidfd_getfd, mount_setattr
SAME = [424, *range(425, 428), *range(428, 434), 434, 438, 442]
LOAD, EQUAL, ANY, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
ALLOW = (RETURN, 0, 0, 0x7FFF0000)
def refuse(code=errno.EPERM):
    return (RETURN, 0, 0, 0x00050000 | code)
def load(index):
    return (LOAD, 0, 0, 16 + 8 * index)
def when(number, *body):
    return [(EQUAL, 0, len(body), number), *body]
AF_UNIX, AF_INET, AF_INET6, SOCK_STREAM, SOCK_SEQPACKET, TCP, FAST_OPEN = 1, 2, 10, 1, 5, 6, 0x20000000
NAMESPACES = 0x7E020000
program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCH), refuse(), (LOAD, 0, 0, 0), (AT_LEAST, 0, 1, 0x40000000), refuse()]
for number in [number_of(name) for name in DENIED] + SAME:
    program += when(number, refuse())
# glibc and others go on with clone, whose flags can be seen.
program += when(435, refuse(errno.ENOSYS))
program += when(number_of('clone'), load(0), (ANY, 0, 1, NAMESPACES), refuse(), ALLOW)
program += when(
    number_of('socket'),
    load(0), (EQUAL, 2, 0, AF_INET), (EQUAL, 1, 0, AF_INET6), refuse(errno.EAFNOSUPPORT),
    load(1), (AND, 0, 0, 15), (EQUAL, 1, 0, SOCK_STREAM), refuse(),
    load(2), (EQUAL, 2, 0, 0), (EQUAL, 1, 0, TCP), refuse(), ALLOW,
)
# One of datagrams could be turned to another address.
program += when(
    number_of('socketpair'),
    load(1), (AND, 0, 0, 15), (EQUAL, 2, 0, SOCK_STREAM), (EQUAL, 1, 0, SOCK_SEQPACKET), refuse(), ALLOW,
)
for name, index in (('sendto', 3), ('sendmsg', 2), ('sendmmsg', 3)):
    program += when(number_of(name), load(index), (ANY, 0, 1, FAST_OPEN), refuse(), ALLOW)
# TCP_FASTOPEN, TCP_FASTOPEN_CONNECT
program += when(
    number_of('setsockopt'), load(1), (EQUAL, 0, 4, TCP), load(2), (EQUAL, 1, 0, 23), (EQUAL, 0, 1, 30), refuse(), ALLOW
)
program += [ALLOW]

call('Landlock', RESTRICT, rules, 0)
os.close(rules)
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *each) for each in program))
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(Program(len(program), ctypes.addressof(code))), 0, 0) != 0:
    fail(f'seccomp: {os.strerror(ctypes.get_errno())}')
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    fail(error)
