/**
 * The numbers of the system calls in the filter, of both architectures, against the table of libseccomp, which is the
 * kernel's (`arch/x86/entry/syscalls/syscall_64.tbl`, `scripts/syscall.tbl`). The filter of the other architecture cannot
 * run here, so what filters answer is computed too.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SYSCALLS, syscallFilter } from '#lib/process/sandbox/syscall-filter.ts';
import { testUnless } from '../../support/skip.ts';
import { missing } from '../../support/tools.ts';

const SOURCE = readFileSync(new URL('../../../src/lib/process/sandbox/restrict.py', import.meta.url), 'utf8');
/** AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 (linux/audit.h). */
const ARCHITECTURES = [0xc000003e, 0xc00000b7] as const;
/** Newer than the library of some systems, which then knows no number. */
const SINCE = 448;
const LANDLOCK = { landlock_create_ruleset: 444, landlock_add_rule: 445, landlock_restrict_self: 446 };

/** Prints a number for each name and architecture; below 0 for what there is not. */
const TABLE = `import ctypes, json, sys
library = ctypes.CDLL('libseccomp.so.2')
resolve = library.seccomp_syscall_resolve_name_arch
resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
names, architectures = json.loads(sys.argv[1])
print(json.dumps([[resolve(each, name.encode()) for each in architectures] for name in names]))`;

function numbersOf(names: readonly string[]): number[][] | null {
  const given = JSON.stringify([names, ARCHITECTURES]);
  const { status, stdout } = spawnSync('python3', ['-I', '-c', TABLE, given], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as number[][]) : null;
}

const reason =
  missing('python3') ??
  (numbersOf(['read']) === null ? 'libseccomp is not here; type: apt-get install -y libseccomp2' : null);

testUnless(
  test,
  reason,
  'the numbers of system calls are those of the kernel, on x86-64 and on arm64',
  () => {
    const listed: [name: string, numbers: readonly (number | null)[]][] = [
      ...Object.entries(SYSCALLS),
      ...Object.entries(LANDLOCK).map(([name, number]) => [name, [number, number]] as [string, number[]]),
    ];
    assert.ok(listed.length >= 70, String(listed.length));
    const real = numbersOf(listed.map(([name]) => name)) ?? [];
    for (const [i, [name, numbers]] of listed.entries()) {
      if (real[i]?.every((number) => number < 0) && (numbers[0] ?? 0) >= SINCE) continue;
      assert.equal(
        real[i]?.map((number) => (number < 0 ? null : number)),
        numbers,
        name,
      );
    }
    assert.match(SOURCE, `CREATE, ADD, RESTRICT = ${Object.values(LANDLOCK).join(', ')}`);
  },
);

/** Of a struct seccomp_data. */
interface Call {
  number: number;
  arch?: number;
  args?: number[];
}

/** What the kernel would answer: an errno, 0 = the call is allowed. */
function answerTo(filter: Uint8Array | null, { number, arch = ARCHITECTURES[0], args = [] }: Call): number {
  assert.ok(filter !== null);
  const view = new DataView(filter.buffer);
  const data = (offset: number): number =>
    offset === 0 ? number : offset === 4 ? arch : (args[(offset - 16) / 8] ?? 0) >>> 0;
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const code = view.getUint16(at, true);
    const operand = view.getUint32(at + 4, true);
    const jump = (isTrue: boolean): void => void (at += 8 * view.getUint8(at + (isTrue ? 2 : 3)));
    if (code === 0x20) accumulator = data(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x45) jump((accumulator & operand) !== 0);
    else if (code === 0x35) jump(accumulator >= operand);
    else if (code === 0x06) return operand === 0x7fff0000 ? 0 : operand - 0x50000;
    else throw new Error(`no instruction ${code}`);
  }
  throw new Error('it does not end');
}

const FULL = syscallFilter('x64', true);
const ALONE = syscallFilter('x64', false);
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];
const ask = (filter: Uint8Array | null, name: string, ...args: number[]): number =>
  answerTo(filter, { number: SYSCALLS[name]?.[0] ?? -1, args });

test('what is no call of this architecture is refused, and what programs need is not', () => {
  for (const filter of [FULL, ALONE]) {
    assert.is(answerTo(filter, { number: 0 }), 0);
    assert.is(answerTo(filter, { number: 0, arch: 0x40000003 }), EPERM);
    assert.is(answerTo(filter, { number: 0, arch: ARCHITECTURES[1] }), EPERM);
    assert.is(answerTo(filter, { number: 0x3fffffff }), 0);
    assert.is(answerTo(filter, { number: 0x40000000 }), EPERM);
    assert.is(answerTo(filter, { number: 0x40000001 }), EPERM);
  }
  assert.is(syscallFilter('riscv64', true), null);
});

test('on arm64 the filter has the numbers of arm64', () => {
  const arm = (number: number, ...args: number[]): number =>
    answerTo(syscallFilter('arm64', true), { number, args, arch: ARCHITECTURES[1] });
  assert.is(answerTo(syscallFilter('arm64', true), { number: 0, arch: ARCHITECTURES[0] }), EPERM);
  assert.is(arm(219), EPERM);
  assert.is(arm(279), ENOSYS);
  assert.is(arm(56, 0, 0, 0x41, 0o4755), EPERM);
  // chmod, of which there is none.
  assert.is(arm(90), 0);
});

test('with or without namespaces there are no keyrings, no memory without a process, no io_uring', () => {
  for (const filter of [FULL, ALONE]) {
    for (const name of ['keyctl', 'shmget', 'mq_open', 'ptrace', 'io_uring_setup', 'setns', 'pidfd_getfd'])
      assert.is(ask(filter, name), EPERM, name);
    for (const name of ['memfd_create', 'clone3', 'openat2']) assert.is(ask(filter, name), ENOSYS, name);
    assert.is(ask(filter, 'clone', 0x01200011), 0);
    // CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWNET
    for (const flag of [0x80, 0x10000000, 0x40000000])
      assert.is(ask(filter, 'clone', flag), flag === 0x80 ? 0 : EPERM);
  }
});

test('no file is made that others execute as the user of the server', () => {
  for (const filter of [FULL, ALONE])
    for (const rights of [0o4755, 0o2755, 0o6000]) {
      assert.is(ask(filter, 'open', 0, 0o101, rights), EPERM);
      assert.is(ask(filter, 'openat', 0, 0, 0o101, rights), EPERM);
      assert.is(ask(filter, 'openat', 0, 0, 0x410002, rights), EPERM);
      assert.is(ask(filter, 'creat', 0, rights), EPERM);
      assert.is(ask(filter, 'mknodat', 0, 0, rights), EPERM);
      assert.is(ask(filter, 'fchmodat', 0, 0, rights), EPERM);
    }
  // Where nothing is made the rights are whatever is left in the register.
  assert.is(ask(FULL, 'openat', 0, 0, 0, 0o6777), 0);
  assert.is(ask(FULL, 'open', 0, 0, 0o6777), 0);
  assert.is(ask(FULL, 'openat', 0, 0, 0o101, 0o1644), 0);
  assert.is(ask(FULL, 'chmod', 0, 0o755), 0);
  assert.is(ask(ALONE, 'chmod', 0, 0o755), EPERM);
});

test('sockets are of the own network alone, and without one TCP alone', () => {
  const [UNIX, INET, INET6, NETLINK, ALG, VSOCK] = [1, 2, 10, 16, 38, 40];
  for (const family of [UNIX, INET, INET6, NETLINK]) assert.is(ask(FULL, 'socket', family, 2, 0), 0);
  for (const family of [ALG, VSOCK, 0, 17]) assert.is(ask(FULL, 'socket', family, 1, 0), EAFNOSUPPORT);
  for (const family of [UNIX, NETLINK, ALG, VSOCK])
    assert.is(ask(ALONE, 'socket', family, 1, 0), EAFNOSUPPORT);
  for (const family of [INET, INET6]) {
    assert.is(ask(ALONE, 'socket', family, 0x80801, 0), 0);
    assert.is(ask(ALONE, 'socket', family, 1, 6), 0);
    assert.is(ask(ALONE, 'socket', family, 1, 262), EPERM);
    for (const type of [2, 3, 5]) assert.is(ask(ALONE, 'socket', family, type, 0), EPERM);
  }
  for (const [type, answer] of [
    [0x80001, 0],
    [5, 0],
    [2, EPERM],
  ] as const)
    assert.is(ask(ALONE, 'socketpair', UNIX, type), answer);
  for (const name of ['bind', 'listen']) assert.equal([ask(FULL, name), ask(ALONE, name)], [0, EPERM]);
  for (const [name, index] of [
    ['sendto', 3],
    ['sendmsg', 2],
    ['sendmmsg', 3],
  ] as const) {
    const args = Array.from({ length: 4 }, (_, i) => (i === index ? 0x20004000 : 0));
    assert.equal([ask(ALONE, name), ask(ALONE, name, ...args), ask(FULL, name, ...args)], [0, EPERM, 0]);
  }
  for (const [level, option, answer] of [
    [6, 23, EPERM],
    [6, 30, EPERM],
    [6, 1, 0],
    [1, 23, 0],
  ] as const)
    assert.is(ask(ALONE, 'setsockopt', 3, level, option), answer);
});

test('without namespaces nothing is changed of a file’s rights, or of another process', () => {
  for (const name of ['fchownat', 'setxattr', 'utimensat', 'inotify_add_watch', 'setpriority', 'pidfd_open'])
    assert.equal([ask(FULL, name), ask(ALONE, name)], [0, EPERM], name);
  for (const name of ['prlimit64', 'sched_setaffinity', 'sched_setattr'])
    assert.equal([ask(ALONE, name, 0), ask(ALONE, name, 77), ask(FULL, name, 77)], [0, EPERM, 0], name);
});

test.run();
