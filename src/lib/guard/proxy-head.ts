/** Parses and writes the heads of proxy requests. */

export const PASSWORD_BYTES = 24;

type Headers = Record<string, string | string[] | undefined>;

/** Hop-by-hop fields (RFC 9110, section 7.6.1) and those for the proxy only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The header fields to forward. */
export function forwardedHeaders(headers: Headers): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '').split(',');
  const listed = new Set(named.map((name) => name.trim().toLowerCase()));
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name) && !listed.has(name)) kept[name] = value;
  }
  return kept;
}

/** The user name for a job: base64url, so that no engine has to unescape it. */
export function encodeRunId(runId: string): string {
  return Buffer.from(runId).toString('base64url');
}

/** The job and password of a `Proxy-Authorization` field; null = missing or malformed. */
export function parseProxyAuthorization(
  header: string | undefined,
): { runId: string; password: string } | null {
  const match = /^basic +([\w+/=-]+)$/i.exec(header ?? '');
  const [user, password, ...rest] = Buffer.from(match?.[1] ?? '', 'base64')
    .toString()
    .split(':');
  if (user === undefined || user === '' || password === undefined || rest.length > 0) return null;
  if (!/^[\w-]+$/.test(password)) return null;
  return { runId: Buffer.from(user, 'base64url').toString(), password };
}

/** Parses `host:port`, as in a CONNECT request. */
export function parseAuthority(text: string): { host: string; port: number } | null {
  const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  return match ? { host: match[1] ?? '', port: Number(match[2]) } : null;
}
