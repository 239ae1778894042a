/** Gives each run of an engine its own way through the guard's filtering proxy. */
import { nanoid } from 'nanoid';
import { type ErrorCode, SluiceError } from '../protocol/error.ts';
import { type AwayError, authorityOf, UnreachableError } from '../protocol/unreachable.ts';
import { obstacleInMessage } from './obstacle-in-message.ts';
import type { Outlet } from './process-host.ts';

/** The filtering proxy, with an outlet for each run. */
export interface RunProxy {
  outletFor(runId: string): Outlet;
  /** The host that the proxy refused this run; null = none. */
  refused(runId: string): string | null;
  /** Why the run's last dial through the proxy came to nothing; null = it did not. */
  unreached?(runId: string): UnreachableError | AwayError | null;
  forget(runId: string): void;
}

/** What an engine may call a host that the proxy could not reach: it is answered 502 or 504, or has no name for it. */
const PROXY_ANSWERS: readonly ErrorCode[] = [
  'connect_failed',
  'connection_lost',
  'dns_failed',
  'engine_exit',
  'remote_error',
  'timeout',
];

/**
 * Runs `body`, an engine's work for `url`, with an outlet of its own. When it fails after the proxy refused a host
 * or could not reach it, that is the reason; where the engine dialled by itself, its output says why.
 * @throws SluiceError `address_refused`, `network_down`, `host_away`, and whatever `body` throws; UnreachableError
 */
export async function withRunProxy<T>(
  proxy: RunProxy | null,
  engine: string,
  url: string,
  body: (outlet: Outlet | null) => Promise<T>,
): Promise<T> {
  if (proxy === null) return body(null).catch((thrown: unknown) => Promise.reject(byItsWords(thrown, url)));
  const run = `${engine}-${nanoid(10)}`;
  try {
    return await body(proxy.outletFor(run));
  } catch (thrown) {
    const host = proxy.refused(run);
    // Other errors, such as an AbortError, pass through.
    if (!(thrown instanceof SluiceError)) throw thrown;
    const unreached = proxy.unreached?.(run) ?? null;
    if (host === null && unreached !== null && PROXY_ANSWERS.includes(thrown.code)) throw unreached;
    if (host === null) throw byItsWords(thrown, url);
    throw new SluiceError('address_refused', `${host} is a private address, or leads to one.`, {
      cause: thrown,
    });
  } finally {
    proxy.forget(run);
  }
}

function byItsWords(thrown: unknown, url: string): Error {
  const host = authorityOf(url);
  const obstacle = thrown instanceof SluiceError ? obstacleInMessage(thrown) : null;
  if (host === null || obstacle === null) return thrown as Error;
  return new UnreachableError({ host, obstacle }, (thrown as Error).message, { cause: thrown });
}

/** The variables by which Python, Go and ffmpeg (lower case only) find a proxy, without NO_PROXY. */
export function proxyEnvironment(url: string): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'all_proxy'];
  return Object.fromEntries(names.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, url]));
}
