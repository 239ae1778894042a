/** What can be set from the environment. Pure: the environment and the home folder come in as arguments. */
import { join, resolve } from 'node:path';
import { AUTH_MODES, type AuthMode } from '#lib/protocol/people.ts';
import { ALL_PROGRAMS, ENGINE_NAMES, type EngineName, isEngineName } from '#lib/protocol/media.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** The address to listen on: a name or an IP literal without brackets. */
  host: string;
  /** 0 = any free port. */
  port: number;
  dataDir: string;
  downloadDir: string;
  /** Those allowed, preferred first; may hold `ALL_PROGRAMS`. */
  engines: readonly EngineName[];
  /** Downloads that may run at once, over all sessions. */
  maxActive: number;
  maxActivePerSession: number;
  throttleMs: number;
  /** A running download without a new byte for this long has stalled. */
  stallMs: number;
  /** A server may take so long to send the first byte of a file. */
  firstByteMs: number;
  /** As written: hosts or CIDR ranges, optionally with a port. */
  allowPrivate: string;
  /** Further origins that this server answers to, as `URL.origin` writes them. */
  origins: readonly string[];
  /** null = not said: `none` on loopback. */
  auth: AuthMode | null;
  /** As written: addresses and ranges of proxies that may say who it is. */
  trustProxy: string;
  /** The header in which they do, in lower case. */
  userHeader: string;
  /** Of SLUICE_AUTH=oidc. Each is '' where it was not set. */
  oidc: {
    issuer: string;
    clientId: string;
    clientSecret: string;
    clientSecretFile: string;
    /** As written: who may sign in. */
    allow: string;
  };
  inspector: boolean;
  /** The key that seals what lists keep secret. */
  secretFile: string;
  logLevel: LogLevel;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used; the message names it and says what it may be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * @param home the user's home folder, for the defaults of the two folders
 * @param cwd what relative folders are relative to
 * @throws ConfigError for the first value that cannot be used
 */
export function readConfig(env: Environment, home: string, cwd: string): Config {
  const dataDir = resolve(cwd, text(env, 'SLUICE_DATA_DIR') ?? join(stateHome(env, home), 'sluice'));
  return {
    host: readHost(env),
    port: readInteger(env, 'SLUICE_PORT', 3000, 0, 65_535),
    dataDir,
    downloadDir: resolve(cwd, text(env, 'SLUICE_DOWNLOAD_DIR') ?? join(home, 'Downloads')),
    engines: readEngines(env),
    maxActive: readInteger(env, 'SLUICE_MAX_ACTIVE', 8, 1, 10_000),
    maxActivePerSession: readInteger(env, 'SLUICE_MAX_ACTIVE_PER_SESSION', 3, 1, 1000),
    throttleMs: readInteger(env, 'SLUICE_THROTTLE_MS', 200, 10, 60_000),
    stallMs: readInteger(env, 'SLUICE_STALL_MS', 60_000, 100, 86_400_000),
    firstByteMs: readInteger(env, 'SLUICE_FIRST_BYTE_MS', 300_000, 100, 86_400_000),
    allowPrivate: text(env, 'SLUICE_ALLOW_PRIVATE') ?? '',
    origins: readOrigins(env),
    auth: text(env, 'SLUICE_AUTH') === null ? null : readChoice(env, 'SLUICE_AUTH', 'none', AUTH_MODES),
    trustProxy: text(env, 'SLUICE_TRUST_PROXY') ?? '',
    userHeader: readHeaderName(env),
    oidc: {
      issuer: text(env, 'SLUICE_OIDC_ISSUER') ?? '',
      clientId: text(env, 'SLUICE_OIDC_CLIENT_ID') ?? '',
      clientSecret: text(env, 'SLUICE_OIDC_CLIENT_SECRET') ?? '',
      clientSecretFile: resolveIfSet(cwd, text(env, 'SLUICE_OIDC_CLIENT_SECRET_FILE')),
      allow: text(env, 'SLUICE_OIDC_ALLOW') ?? '',
    },
    inspector: readFlag(env, 'SLUICE_INSPECTOR'),
    secretFile: resolve(cwd, text(env, 'SLUICE_SECRET_FILE') ?? join(dataDir, 'secret.key')),
    logLevel: readChoice(env, 'SLUICE_LOG_LEVEL', 'info', LOG_LEVELS),
  };
}

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** XDG Base Directory Specification: a relative path is to be ignored. */
function stateHome(env: Environment, home: string): string {
  const set = env['XDG_STATE_HOME'];
  return set?.startsWith('/') ? set : join(home, '.local', 'state');
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value ? value : null;
}

function resolveIfSet(cwd: string, path: string | null): string {
  return path === null ? '' : resolve(cwd, path);
}

function fail(name: string, value: string, may: string): never {
  throw new ConfigError(`${name} is ${JSON.stringify(value)}: ${may}.`);
}

function readInteger(env: Environment, name: string, preset: number, min: number, max: number): number {
  const value = text(env, name);
  if (value === null) return preset;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max))
    fail(name, value, `it has to be a whole number from ${min} to ${max}`);
  return number;
}

function readFlag(env: Environment, name: string): boolean {
  return readChoice(env, name, '0', ['0', '1']) === '1';
}

function readChoice<const T extends string>(
  env: Environment,
  name: string,
  preset: T,
  choices: readonly T[],
): T {
  const value = text(env, name);
  if (value === null) return preset;
  return (
    choices.find((choice) => choice === value) ??
    fail(name, value, `it has to be one of ${choices.join(', ')}`)
  );
}

function readHost(env: Environment): string {
  const value = text(env, 'SLUICE_HOST');
  if (value === null) return '127.0.0.1';
  const host = value.replace(/^\[(.*)\]$/, '$1');
  if (!/^[\w.:%-]+$/.test(host)) fail('SLUICE_HOST', value, 'it has to be a host name or an IP address');
  return host;
}

function readHeaderName(env: Environment): string {
  const value = text(env, 'SLUICE_USER_HEADER') ?? 'Remote-User';
  if (!/^[\w-]+$/.test(value)) fail('SLUICE_USER_HEADER', value, 'it has to be the name of a header');
  return value.toLowerCase();
}

function readEngines(env: Environment): EngineName[] {
  // What was put there for a site is meant for it, and goes before those that know a thousand.
  const value = text(env, 'SLUICE_ENGINES') ?? `http,${ALL_PROGRAMS},lux,yt-dlp`;
  const names = value.split(',').map((name) => name.trim());
  const isAllowed = (name: string): name is EngineName => isEngineName(name) || name === ALL_PROGRAMS;
  if (!names.every(isAllowed)) {
    const may = [...ENGINE_NAMES, 'program:NAME', ALL_PROGRAMS].join(', ');
    fail('SLUICE_ENGINES', value, `it has to be a comma list of ${may}`);
  }
  return [...new Set(names)];
}

function readOrigins(env: Environment): string[] {
  const value = text(env, 'SLUICE_ORIGINS');
  if (value === null) return [];
  return value.split(',').map((part) => {
    const origin = part.trim().replace(/\/$/, '');
    const url = URL.parse(origin);
    // "http://host" and nothing after it: a path or a wildcard would promise what is not checked.
    const whole = url !== null && /^https?:$/.test(url.protocol) && /^https?:\/\/[^/?#@*]+$/i.test(origin);
    if (!whole)
      fail('SLUICE_ORIGINS', value, 'it has to be a comma list of origins such as https://dl.example.org');
    return url.origin;
  });
}
