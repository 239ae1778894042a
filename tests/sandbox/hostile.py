# A hostile engine: tries what a program can try against the machine it runs on, and prints what got through, a word a
# line. $1 is a JSON of what is there to be had. Linux.
import ctypes, json, os, platform, resource, socket, struct, sys, time

there = json.loads(open(sys.argv[1]).read())
libc = ctypes.CDLL(None, use_errno=True)
TCP_FASTOPEN_FLAG = 0x20000000
IPPROTO_MPTCP = 262
# of x86-64 and arm64 alike
IO_URING_SETUP = 425
PIDFD_OPEN = 434
AF_UNSPEC = 0
AF_VSOCK = 40
KEYCTL_GET_KEYRING_ID = 0
SESSION_KEYRING = -3
IPC_PRIVATE = 0
X86 = platform.machine() == 'x86_64'
KEYCTL = 250 if X86 else 219


def dials(family, address, kind=socket.SOCK_STREAM, protocol=0):
    with socket.socket(family, kind, protocol) as client:
        client.settimeout(2)
        client.connect(address)
        client.sendall(b'x')
        return client.recv(16) == b'canary'


def fast_open(address):
    with socket.socket() as client:
        client.settimeout(2)
        client.sendto(b'x', TCP_FASTOPEN_FLAG, address)
        return client.recv(16) == b'canary'


def through_proxy(address, name):
    host = os.environ.get('http_proxy', '').rpartition('@')[2].removeprefix('http://').split(':')
    with socket.create_connection((host[0], int(host[1])), 5) as client:
        client.sendall(f'CONNECT {name}:{address[1]} HTTP/1.1\r\n\r\n'.encode())
        return b' 200 ' in client.recv(4096)


# A socket that is connected or listens may be turned into one that reaches another place.
def turned(address):
    for fd in range(3, 256):
        try:
            handed = socket.socket(fileno=fd)
        except OSError:
            continue
        packed = struct.pack('!HH4s8x', 0, address[1], socket.inet_aton(address[0]))
        libc.connect(fd, struct.pack('H14x', AF_UNSPEC), 16)
        if libc.connect(fd, struct.pack('H', socket.AF_INET) + packed[2:], 16) == 0:
            return handed.recv(16) == b'canary'
    return False


def reads(path):
    with open(path, 'rb') as file:
        return len(file.read(16)) > 0


def writes(path):
    with open(path, 'ab') as file:
        file.write(b'x')
    return True


def allowed(attempt):
    try:
        return attempt()
    except OSError:
        return False


def signals(pid):
    os.kill(pid, 0)
    return True


def call(number, *arguments):
    return libc.syscall(number, *arguments) >= 0


# Rights of a file of the server's: they are not given to the engine, but to everybody on the machine.
def same_rights(path):
    os.chmod(path, os.stat(path).st_mode)
    return True


def same_owner(path):
    os.chown(path, os.stat(path).st_uid, os.stat(path).st_gid)
    return True


def same_times(path):
    os.utime(path, ns=(os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns))
    return True


def same_limit(pid):
    resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE))
    return True


def same_cores(pid):
    os.sched_setaffinity(pid, os.sched_getaffinity(pid))
    return True


def same_priority(which, who):
    os.setpriority(which, who, os.getpriority(which, who))
    return True


def watches(path):
    return libc.inotify_add_watch(libc.inotify_init(), path.encode(), 0x100) >= 0


def opens(family):
    socket.socket(family, socket.SOCK_STREAM).close()
    return True


# A program that runs as the server's user, whoever starts it.
def made_setuid(make):
    if os.path.exists('setuid'):
        os.unlink('setuid')
    make('setuid')
    return os.stat('setuid').st_mode & 0o6000 != 0


def talks():
    return 'NODE_CHANNEL_FD' in os.environ or any(
        os.readlink(f'/proc/self/fd/{fd}').startswith('socket:') for fd in os.listdir('/proc/self/fd') if int(fd) > 2
    )


tcp, tcp6 = tuple(there['tcp']), tuple(there['tcp6'])
tries = {
    **{f'reads {path}': lambda path=path: reads(path) for path in there['secrets']},
    'reads the environment of the server': lambda: reads(f'/proc/{there["pid"]}/environ'),
    'reads what is open in the server': lambda: len(os.readlink(f'/proc/{there["pid"]}/fd/1')) > 0,
    **{f'writes {path}': lambda path=path: writes(path) for path in there['outside']},
    'signals the server': lambda: signals(there['pid']),
    'opens the server': lambda: call(PIDFD_OPEN, there['pid'], 0),
    'dials loopback': lambda: dials(socket.AF_INET, tcp),
    'dials loopback by IPv6': lambda: dials(socket.AF_INET6, tcp6),
    'dials an own address': lambda: any(dials(socket.AF_INET, (ip, tcp[1])) for ip in there['own']),
    'dials by MPTCP': lambda: dials(socket.AF_INET, tcp, protocol=IPPROTO_MPTCP),
    'dials by FASTOPEN': lambda: fast_open(tcp),
    'dials by UDP': lambda: dials(socket.AF_INET, tuple(there['udp']), socket.SOCK_DGRAM),
    'dials an abstract socket': lambda: dials(socket.AF_UNIX, '\0' + there['abstract']),
    'dials a socket file': lambda: dials(socket.AF_UNIX, there['socketFile']),
    'dials by a handed socket': lambda: turned(tcp),
    'the proxy dials loopback': lambda: through_proxy(tcp, '127.0.0.1'),
    'the proxy dials localhost': lambda: through_proxy(tcp, 'localhost'),
    'the proxy dials a spelling': lambda: through_proxy(tcp, '0x7f.1'),
    'talks to the server': talks,
    'enters the namespaces of the first process': lambda: os.path.exists('/proc/1/ns/net')
    and libc.setns(os.open('/proc/1/ns/net', os.O_RDONLY), 0) == 0
    and dials(socket.AF_INET, tcp),
    'makes a user namespace': lambda: libc.unshare(0x10000000) == 0,
    'mounts': lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0,
    'gets another identity': lambda: os.getuid() != 65534 and libc.setuid(65534) == 0,
    'changes the rights of a file': lambda: any(allowed(lambda: same_rights(path)) for path in there['theirs']),
    'changes the owner of a file': lambda: any(allowed(lambda: same_owner(path)) for path in there['theirs']),
    'changes the times of a file': lambda: any(allowed(lambda: same_times(path)) for path in there['theirs']),
    'changes the limits of the server': lambda: same_limit(there['pid']),
    'changes the cores of the server': lambda: same_cores(there['pid']),
    'changes the priority of the server': lambda: same_priority(os.PRIO_PROCESS, there['pid']),
    'watches a folder of the server': lambda: any(watches(os.path.dirname(path)) for path in there['secrets'][:1]),
    'dials virtual machines': lambda: opens(AF_VSOCK),
    'has the keys of the server': lambda: call(KEYCTL, KEYCTL_GET_KEYRING_ID, SESSION_KEYRING, 0),
    'keeps memory that belongs to no process': lambda: os.memfd_create('held') >= 0,
    'keeps memory that outlives it': lambda: libc.shmget(IPC_PRIVATE, 1 << 12, 0o600) >= 0,
    'keeps messages that outlive it': lambda: libc.msgget(IPC_PRIVATE, 0o600) >= 0,
    'makes a program of the server by its rights': lambda: made_setuid(lambda path: (open(path, 'w').close(), os.chmod(path, 0o4755))),
    'makes a program of the server at once': lambda: made_setuid(lambda path: os.open(path, os.O_CREAT | os.O_WRONLY, 0o4755)),
    'makes a program of the server as a node': lambda: made_setuid(lambda path: os.mknod(path, 0o104755)),
    'rules by io_uring': lambda: call(IO_URING_SETUP, 4, ctypes.create_string_buffer(248)) and dials(socket.AF_INET, tcp),
}
for name, attempt in tries.items():
    try:
        if attempt():
            print(name)
    except (OSError, ValueError, IndexError):
        pass
if there.get('counts'):
    print('tried', len(tries))
sys.stdout.flush()

# Leaves everything by which it could be found: its parent, its group, its session, its environment.
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        os.execve(sys.executable, [sys.executable, '-I', '-S', '-c', 'import time\nwhile True: time.sleep(1)', there['name']], {})
    os._exit(0)
os.wait()
time.sleep(there.get('staysSeconds', 0))
