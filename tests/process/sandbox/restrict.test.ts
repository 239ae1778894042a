/**
 * The numbers of the system calls in `restrict.py`, of both architectures, against the table of libseccomp, which is the
 * kernel's (`arch/x86/entry/syscalls/syscall_64.tbl`, `scripts/syscall.tbl`). The filter of the other architecture cannot
 * run here.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testUnless } from '../../support/skip.ts';
import { missing } from '../../support/tools.ts';

const SOURCE = readFileSync(new URL('../../../src/lib/process/sandbox/restrict.py', import.meta.url), 'utf8');
const CALLS = /^SYSCALLS = \{[^}]+/m.exec(SOURCE)?.[0] ?? '';
/** AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 (linux/audit.h). */
const ARCHITECTURES = [0xc000003e, 0xc00000b7] as const;
/** Of `SAME`, and the numbers that the program uses by themselves. */
const SAME: Record<number, string> = {
  ...{ 424: 'pidfd_send_signal', 425: 'io_uring_setup', 426: 'io_uring_enter', 427: 'io_uring_register' },
  ...{ 428: 'open_tree', 429: 'move_mount', 430: 'fsopen', 431: 'fsconfig', 432: 'fsmount', 433: 'fspick' },
  ...{ 434: 'pidfd_open', 438: 'pidfd_getfd', 442: 'mount_setattr', 435: 'clone3' },
  ...{ 444: 'landlock_create_ruleset', 445: 'landlock_add_rule', 446: 'landlock_restrict_self' },
};

/** Prints a number for each name and architecture; -1 for what there is not. */
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
    const listed = [...CALLS.matchAll(/'(\w+)': \((\d+), (\d+)\)/g)].map(([, name = '', x86, arm]) => ({
      name,
      numbers: [Number(x86), Number(arm)],
    }));
    assert.ok(listed.length >= 28, String(listed.length));
    for (const [number, name] of Object.entries(SAME))
      listed.push({ name, numbers: [Number(number), Number(number)] });
    assert.equal(
      numbersOf(listed.map(({ name }) => name)),
      listed.map(({ numbers }) => numbers),
    );
    assert.match(SOURCE, `ARCH = 0x${ARCHITECTURES[0].toString(16).toUpperCase()}`);
    assert.match(SOURCE, `0x${ARCHITECTURES[1].toString(16).toUpperCase()}`);
  },
);

test('every system call that is denied by its name is in the table, and the other numbers are known', () => {
  const table = new Set([...CALLS.matchAll(/'(\w+)': \(/g)].map(([, name]) => name));
  const denied = [...SOURCE.matchAll(/^DENIED \+?= '([^']+)'/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  assert.ok(denied.length >= 20);
  assert.equal(
    denied.filter((name) => !table.has(name)),
    [],
  );
  const same = /^SAME = \[(.*)\]$/m.exec(SOURCE)?.[1]?.split(/, (?![^(]*\))/) ?? [];
  const numbers = same.flatMap((each) => {
    const [from, to] = [...(/\*range\((\d+), (\d+)\)/.exec(each) ?? [])].slice(1).map(Number);
    return from === undefined || to === undefined
      ? [Number(each)]
      : Array.from({ length: to - from }, (_, i) => from + i);
  });
  assert.equal(numbers, [424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442]);
  assert.ok(numbers.every((number) => SAME[number] !== undefined));
});

test.run();
