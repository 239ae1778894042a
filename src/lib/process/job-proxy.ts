/** Gives each run of an engine its own address of the guard's filtering proxy. */
import { nanoid } from 'nanoid';
import { SluiceError } from '../protocol/error.ts';

/** The filtering proxy, with credentials for each job. */
export interface JobProxy {
  urlFor(jobId: string): string;
  /** The host that the proxy refused this job; null = none. */
  refused(jobId: string): string | null;
  forget(jobId: string): void;
}

/**
 * Runs `body` with a proxy address of its own. When it fails after the proxy refused a host, the refusal is the reason.
 * @throws SluiceError `address_refused`, and whatever `body` throws
 */
export async function withJobProxy<T>(
  proxy: JobProxy | null,
  engine: string,
  body: (proxyUrl: string | null) => Promise<T>,
): Promise<T> {
  if (proxy === null) return body(null);
  const job = `${engine}-${nanoid(10)}`;
  try {
    return await body(proxy.urlFor(job));
  } catch (thrown) {
    const host = proxy.refused(job);
    // Other errors, such as an AbortError, pass through.
    if (host === null || !(thrown instanceof SluiceError)) throw thrown;
    throw new SluiceError('address_refused', `${host} is a private address, or leads to one.`, {
      cause: thrown,
    });
  } finally {
    proxy.forget(job);
  }
}

/** The variables by which Python, Go and ffmpeg (lower case only) find a proxy, without NO_PROXY. */
export function proxyEnvironment(url: string | null): Record<string, string> {
  if (url === null) return {};
  const names = ['http_proxy', 'https_proxy', 'all_proxy'];
  return Object.fromEntries(names.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, url]));
}
