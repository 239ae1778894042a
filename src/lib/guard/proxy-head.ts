/** What the proxy reads and writes in heads. Pure. */

export const PASSWORD_BYTES = 24;

type Headers = Record<string, string | string[] | undefined>;

/** Hop-by-hop fields (RFC 9110, section 7.6.1) and those that are between engine and proxy only. */
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

/** Header fields that go on to the other side. */
export function forwardedHeaders(headers: Headers): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '').split(',');
  const listed = new Set(named.map((name) => name.trim().toLowerCase()));
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name) && !listed.has(name)) kept[name] = value;
  }
  return kept;
}

/** Job ids travel as user names: base64url, so that no engine needs to unescape anything. */
export function encodeJobId(jobId: string): string {
  return Buffer.from(jobId).toString('base64url');
}

/** Who `Proxy-Authorization` says it is; null when it says nothing of use. */
export function parseProxyAuthorization(
  header: string | undefined,
): { jobId: string; password: string } | null {
  const match = /^basic +([\w+/=-]+)$/i.exec(header ?? '');
  const [user, password, ...rest] = Buffer.from(match?.[1] ?? '', 'base64')
    .toString()
    .split(':');
  if (user === undefined || user === '' || password === undefined || rest.length > 0) return null;
  if (!/^[\w-]+$/.test(password)) return null;
  return { jobId: Buffer.from(user, 'base64url').toString(), password };
}

/** `host:port` of a CONNECT request. */
export function parseAuthority(text: string): { host: string; port: number } | null {
  const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  return match ? { host: match[1] ?? '', port: Number(match[2]) } : null;
}
