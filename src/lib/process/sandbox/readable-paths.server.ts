/** Which files of this machine a run has to read. */
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ReadablePath } from './sandbox.ts';

/**
 * Programs, libraries, certificates and time zones. Of /etc only these, as a server that runs as root could read the keys
 * beside them. /nix and /gnu hold all programs of such systems.
 */
const SYSTEM = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store'],
  ...[
    '/etc/alternatives',
    '/etc/ld.so.cache',
    '/etc/ld.so.conf',
    '/etc/ld.so.conf.d',
    '/etc/ld-musl-x86_64.path',
  ],
  ...[
    '/etc/ssl/certs',
    '/etc/ssl/openssl.cnf',
    '/etc/ssl/cert.pem',
    '/etc/pki/tls/certs',
    '/etc/pki/tls/cert.pem',
  ],
  ...['/etc/pki/ca-trust/extracted', '/etc/crypto-policies', '/etc/ca-certificates/extracted'],
  ...['/etc/localtime', '/etc/mime.types', '/etc/fonts'],
];

/** Those that exist here. Links to a folder remain links; a link to a file is the file. */
export function systemPaths(): ReadablePath[] {
  return SYSTEM.flatMap((path) => {
    if (!existsSync(path)) return [];
    const isLink = lstatSync(path).isSymbolicLink() && dirname(path) === '/';
    return [{ path, linkTo: isLink ? readlinkSync(path) : null }];
  });
}

/** A program, and the links that lead to it. Static ones need nothing else. */
export function programPaths(program: string): string[] {
  try {
    return [...new Set([program, realpathSync(program)])];
  } catch {
    return [];
  }
}

/**
 * A Python: its program, its own folder if it is a virtual environment, and the folders of the modules of the Python that
 * it stands for.
 */
export function pythonPaths(python: string): string[] {
  const dir = dirname(dirname(python));
  const isVenv = existsSync(join(dir, 'pyvenv.cfg'));
  const real = programPaths(python).at(-1);
  if (real === undefined) return [];
  const home = isVenv ? homeOf(join(dir, 'pyvenv.cfg')) : null;
  const prefixes = [dirname(dirname(real)), ...(home === null ? [] : [dirname(home)])];
  const modules = prefixes.flatMap((prefix) => ['bin', 'lib', 'lib64'].map((name) => join(prefix, name)));
  return [...new Set([...(isVenv ? [dir] : [python]), real, ...modules])].filter((path) => existsSync(path));
}

/** A program that may be a script of Python: its first line names the interpreter. */
export function scriptPaths(program: string): string[] {
  const places = programPaths(program);
  const interpreter = /^#!\s*(\/\S*python\S*)/.exec(headOf(places.at(-1) ?? program))?.[1];
  return interpreter === undefined ? places : [...places, ...pythonPaths(interpreter)];
}

function headOf(path: string): string {
  const head = Buffer.alloc(256);
  const fd = openSync(path, 'r');
  try {
    return head.toString('latin1', 0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}

function homeOf(config: string): string | null {
  return /^home *= *(\/.*)$/m.exec(readFileSync(config, 'utf8'))?.[1]?.trim() ?? null;
}
