/** Who may use the server: read from the settings before anything starts. */
import type { AuthMode } from '#lib/protocol/people.ts';
import type { Issuer } from '#lib/channel/people/oidc/issuer.ts';
import { parseProxies, ProxyUser } from '#lib/channel/people/proxy-user.ts';
import { type Config, ConfigError, isLoopback } from './config.ts';
import { issuerOf } from './oidc.ts';

export interface Auth {
  mode: AuthMode;
  /** Of `proxy`; else null. */
  proxy: ProxyUser | null;
  /** Of `oidc`; else null. */
  issuer: Issuer | null;
}

/** Nobody signs in. */
export const NO_AUTH: Auth = { mode: 'none', proxy: null, issuer: null };

/**
 * On loopback nobody has to sign in. Where others can reach the port it has to be said who may; in a container people sign in
 * unless something else is said.
 * @param isContained as `isInContainer`
 * @throws ConfigError with the line to type
 */
export function authOf(config: Config, isContained = false): Auth {
  const { auth, host, port, origins, trustProxy, userHeader } = config;
  if (auth === null && isLoopback(host)) return NO_AUTH;
  // Started as somebody's image says, and reached by whatever its ports are published to.
  if (auth === null && isContained) return { ...NO_AUTH, mode: 'password' };
  const start = `SLUICE_HOST=${host} SLUICE_ORIGINS=${origins[0] ?? `http://nas.local:${port}`}`;
  if (auth === null || (auth === 'none' && origins.length === 0 && !isLoopback(host))) {
    throw new ConfigError(
      `SLUICE_HOST is ${host}: other machines reach it. Type, so that people sign in: ` +
        `${start} SLUICE_AUTH=password sluice serve; or, where whoever reaches it may use it: ${start} SLUICE_AUTH=none sluice serve`,
    );
  }
  if (auth === 'oidc') return { mode: auth, proxy: null, issuer: issuerOf(config) };
  if (auth !== 'proxy') return { ...NO_AUTH, mode: auth };
  if (trustProxy === '') {
    throw new ConfigError(
      'SLUICE_AUTH is proxy: SLUICE_TRUST_PROXY has to be the addresses of the proxy, for example SLUICE_TRUST_PROXY=127.0.0.1',
    );
  }
  try {
    const proxy = new ProxyUser(parseProxies(trustProxy), userHeader);
    return { mode: auth, proxy, issuer: null };
  } catch (error) {
    throw new ConfigError(`SLUICE_TRUST_PROXY: ${(error as Error).message}`);
  }
}
