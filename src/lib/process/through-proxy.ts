/** How an engine goes out: by the guard's filtering proxy, with an address of its own for each run. */
import { nanoid } from 'nanoid';
import { SluiceError } from '../protocol/error.ts';

/** Credentials for the guard's filtering proxy, one job each. */
export interface JobProxy {
  urlFor(jobId: string): string;
  /** The host that the job was refused, null when none was. */
  refused(jobId: string): string | null;
  forget(jobId: string): void;
}

/**
 * Runs `body` with a proxy address of its own and, when it fails after the proxy refused it a host, tells that.
 * @throws SluiceError `address_refused`, and whatever `body` throws
 */
export async function throughProxy<T>(
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
    // An abort has its own reason.
    if (host === null || !(thrown instanceof SluiceError)) throw thrown;
    throw new SluiceError('address_refused', `${host} is a private address, or leads to one.`, {
      cause: thrown,
    });
  } finally {
    proxy.forget(job);
  }
}

/** The variables by which Python, Go and ffmpeg (lower case only) find a proxy; NO_PROXY is never among them. */
export function proxyEnvironment(url: string | null): Record<string, string> {
  if (url === null) return {};
  const names = ['http_proxy', 'https_proxy', 'all_proxy'];
  return Object.fromEntries(names.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, url]));
}
