/**
 * The seccomp filter of a run (a program of classic BPF, linux/filter.h): what neither namespaces nor Landlock keep from it.
 * Pure; `bubblewrap --seccomp` and `restrict.py` install it.
 */

/** Numbers of x86-64 and of arm64, which has not all of them; from 424 on they are the same. */
export const SYSCALLS: Readonly<Record<string, readonly [x64: number, arm64: number | null]>> = {
  ...{ open: [2, null], shmget: [29, 194], socket: [41, 198], sendto: [44, 206], sendmsg: [46, 211] },
  ...{ bind: [49, 200], listen: [50, 201], socketpair: [53, 199], setsockopt: [54, 208], clone: [56, 220] },
  ...{ semget: [64, 190], msgget: [68, 186], creat: [85, null], chmod: [90, null], fchmod: [91, 52] },
  ...{ chown: [92, null], fchown: [93, 55], lchown: [94, null], ptrace: [101, 117], utime: [132, null] },
  ...{
    mknod: [133, null],
    setpriority: [141, 140],
    sched_setparam: [142, 118],
    sched_setscheduler: [144, 119],
  },
  ...{
    pivot_root: [155, 41],
    chroot: [161, 51],
    mount: [165, 40],
    umount2: [166, 39],
    init_module: [175, 105],
  },
  ...{ setxattr: [188, 5], lsetxattr: [189, 6], fsetxattr: [190, 7], removexattr: [197, 14] },
  ...{ lremovexattr: [198, 15], fremovexattr: [199, 16], sched_setaffinity: [203, 122], utimes: [235, null] },
  ...{ mq_open: [240, 180], kexec_load: [246, 104], add_key: [248, 217], request_key: [249, 218] },
  ...{ keyctl: [250, 219], ioprio_set: [251, 30], inotify_add_watch: [254, 27], openat: [257, 56] },
  ...{
    mknodat: [259, 33],
    fchownat: [260, 54],
    futimesat: [261, null],
    fchmodat: [268, 53],
    unshare: [272, 97],
  },
  ...{
    utimensat: [280, 88],
    perf_event_open: [298, 241],
    prlimit64: [302, 261],
    open_by_handle_at: [304, 265],
  },
  ...{ sendmmsg: [307, 269], setns: [308, 268], process_vm_readv: [310, 270], process_vm_writev: [311, 271] },
  ...{ finit_module: [313, 273], sched_setattr: [314, 274], memfd_create: [319, 279], bpf: [321, 280] },
  ...{ userfaultfd: [323, 282], pidfd_send_signal: [424, 424], io_uring_setup: [425, 425] },
  ...{
    io_uring_enter: [426, 426],
    io_uring_register: [427, 427],
    open_tree: [428, 428],
    move_mount: [429, 429],
  },
  ...{
    fsopen: [430, 430],
    fsconfig: [431, 431],
    fsmount: [432, 432],
    fspick: [433, 433],
    pidfd_open: [434, 434],
  },
  ...{ clone3: [435, 435], openat2: [437, 437], pidfd_getfd: [438, 438], mount_setattr: [442, 442] },
  ...{ memfd_secret: [447, 447], fchmodat2: [452, 452], setxattrat: [463, 463], removexattrat: [466, 466] },
};

/**
 * Of no use to an engine. Keyrings are the server's session's. Memory of System V, queues and memfd belong to no process, so
 * that nothing counts them, and what is not in a namespace outlives the run.
 */
const DENIED = [
  ...[
    'ptrace',
    'pivot_root',
    'chroot',
    'mount',
    'umount2',
    'init_module',
    'finit_module',
    'kexec_load',
    'setns',
  ],
  ...[
    'add_key',
    'request_key',
    'keyctl',
    'unshare',
    'perf_event_open',
    'open_by_handle_at',
    'process_vm_readv',
  ],
  ...['process_vm_writev', 'bpf', 'userfaultfd', 'shmget', 'semget', 'msgget', 'mq_open', 'memfd_secret'],
  ...[
    'io_uring_setup',
    'io_uring_enter',
    'io_uring_register',
    'open_tree',
    'move_mount',
    'fsopen',
    'fsconfig',
  ],
  ...['fsmount', 'fspick', 'mount_setattr', 'pidfd_getfd'],
];
/** Programs go on without them. What clone3 and openat2 are given cannot be seen here; clone and openat do the same. */
const UNKNOWN = ['memfd_create', 'clone3', 'openat2'];
/** Landlock asks for no rights for these: files of the server's user that the run cannot even read would be changed by them. */
const DENIED_WITHOUT_MOUNTS = [
  ...[
    'bind',
    'listen',
    'pidfd_send_signal',
    'pidfd_open',
    'chmod',
    'fchmod',
    'fchmodat',
    'fchmodat2',
    'chown',
  ],
  ...['fchown', 'lchown', 'fchownat', 'setxattr', 'lsetxattr', 'fsetxattr', 'setxattrat', 'removexattr'],
  ...['lremovexattr', 'fremovexattr', 'removexattrat', 'utime', 'utimes', 'futimesat', 'utimensat'],
  ...['inotify_add_watch', 'setpriority', 'ioprio_set'],
];
/** Their first argument is a process, 0 = the caller; without namespaces any process of the user. */
const OF_PROCESS = [
  'prlimit64',
  'sched_setparam',
  'sched_setscheduler',
  'sched_setaffinity',
  'sched_setattr',
];
/** The numbers of the arguments that hold a file's rights, and of those that hold the flags of an opening. */
const RIGHTS: Readonly<Record<string, { rights: number; flags?: number }>> = {
  ...{ chmod: { rights: 1 }, fchmod: { rights: 1 }, fchmodat: { rights: 2 }, fchmodat2: { rights: 2 } },
  ...{ mknod: { rights: 1 }, mknodat: { rights: 2 }, creat: { rights: 1 } },
  ...{ open: { rights: 2, flags: 1 }, openat: { rights: 3, flags: 2 } },
};

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

const [LOAD, EQUAL, ANY, AT_LEAST, AND, RETURN] = [0x20, 0x15, 0x45, 0x35, 0x54, 0x06];
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];
const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] = [1, 2, 10, 16];
const [SOCK_STREAM, SOCK_SEQPACKET, TYPE_BITS, IPPROTO_TCP] = [1, 5, 15, 6];
const [TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, MSG_FASTOPEN] = [23, 30, 0x20000000];
/** CLONE_NEW*. */
const NAMESPACES = 0x7e020000;
/** O_CREAT, and what O_TMPFILE has beside O_DIRECTORY. */
const CREATES = 0x40 | 0x400000;
/** S_ISUID and S_ISGID: who executes such a file is the server's user. */
const SET_ID = 0o6000;
const X32 = 0x40000000;
const ALLOW: Instruction = [RETURN, 0, 0, 0x7fff0000];

const refuse = (errno: number): Instruction => [RETURN, 0, 0, 0x00050000 | errno];
/** The lower half of an argument: all that is looked at here are ints. */
const argument = (index: number): Instruction => [LOAD, 0, 0, 16 + 8 * index];

/** @returns null = there is none for this architecture. @param hasNamespaces whether the run has a network and processes of its own */
export function syscallFilter(arch: string, hasNamespaces: boolean): Uint8Array | null {
  const column = ['x64', 'arm64'].indexOf(arch);
  if (column < 0) return null;
  const when = (name: string, ...body: Instruction[]): Instruction[] => {
    const number = SYSCALLS[name]?.[column] ?? null;
    return number === null ? [] : [[EQUAL, 0, body.length, number], ...body];
  };
  const denied = hasNamespaces ? DENIED : [...DENIED, ...DENIED_WITHOUT_MOUNTS];
  return encode([
    [LOAD, 0, 0, 4],
    [EQUAL, 1, 0, column === 0 ? 0xc000003e : 0xc00000b7],
    refuse(EPERM),
    [LOAD, 0, 0, 0],
    // Another set of numbers for the same calls, on x86-64 only.
    [AT_LEAST, 0, 1, X32],
    refuse(EPERM),
    ...denied.flatMap((name) => when(name, refuse(EPERM))),
    ...UNKNOWN.flatMap((name) => when(name, refuse(ENOSYS))),
    ...when('clone', argument(0), [ANY, 0, 1, NAMESPACES], refuse(EPERM), ALLOW),
    ...Object.entries(RIGHTS).flatMap(([name, of]) => when(name, ...withoutSetId(of))),
    ...(hasNamespaces ? when('socket', ...socketsOfOwnNetwork()) : withoutNamespaces(when)),
    ALLOW,
  ]);
}

function withoutSetId({ rights, flags }: { rights: number; flags?: number }): Instruction[] {
  const check: Instruction[] = [argument(rights), [ANY, 0, 1, SET_ID], refuse(EPERM), ALLOW];
  return flags === undefined ? check : [argument(flags), [ANY, 1, 0, CREATES], ALLOW, ...check];
}

/** Others, such as those to virtual machines (vsock) and into the kernel's ciphers, belong to no network namespace. */
function socketsOfOwnNetwork(): Instruction[] {
  return [
    argument(0),
    [EQUAL, 4, 0, AF_UNIX],
    [EQUAL, 3, 0, AF_INET],
    [EQUAL, 2, 0, AF_INET6],
    [EQUAL, 1, 0, AF_NETLINK],
    refuse(EAFNOSUPPORT),
    ALLOW,
  ];
}

/** TCP alone, as Landlock does not see the rest, and nothing that is done to processes other than the caller. */
function withoutNamespaces(when: (name: string, ...body: Instruction[]) => Instruction[]): Instruction[] {
  return [
    ...OF_PROCESS.flatMap((name) => when(name, argument(0), [EQUAL, 1, 0, 0], refuse(EPERM), ALLOW)),
    ...when(
      'socket',
      ...([argument(0), [EQUAL, 2, 0, AF_INET], [EQUAL, 1, 0, AF_INET6], refuse(EAFNOSUPPORT)] as const),
      ...([argument(1), [AND, 0, 0, TYPE_BITS], [EQUAL, 1, 0, SOCK_STREAM], refuse(EPERM)] as const),
      ...([argument(2), [EQUAL, 2, 0, 0], [EQUAL, 1, 0, IPPROTO_TCP], refuse(EPERM), ALLOW] as const),
    ),
    // One of datagrams could be turned to another address.
    ...when(
      'socketpair',
      ...([argument(1), [AND, 0, 0, TYPE_BITS], [EQUAL, 2, 0, SOCK_STREAM]] as const),
      ...([[EQUAL, 1, 0, SOCK_SEQPACKET], refuse(EPERM), ALLOW] as const),
    ),
    ...[['sendto', 3] as const, ['sendmsg', 2] as const, ['sendmmsg', 3] as const].flatMap(([name, flags]) =>
      when(name, argument(flags), [ANY, 0, 1, MSG_FASTOPEN], refuse(EPERM), ALLOW),
    ),
    ...when(
      'setsockopt',
      ...([argument(1), [EQUAL, 0, 4, IPPROTO_TCP], argument(2), [EQUAL, 1, 0, TCP_FASTOPEN]] as const),
      ...([[EQUAL, 0, 1, TCP_FASTOPEN_CONNECT], refuse(EPERM), ALLOW] as const),
    ),
  ];
}

/** struct sock_filter, in the order of both architectures. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * program.length));
  program.forEach(([code, ifTrue, ifFalse, operand], i) => {
    bytes.setUint16(8 * i, code, true);
    bytes.setUint8(8 * i + 2, ifTrue);
    bytes.setUint8(8 * i + 3, ifFalse);
    bytes.setUint32(8 * i + 4, operand, true);
  });
  return new Uint8Array(bytes.buffer);
}
