/** SLUICE_AUTH=oidc: the issuer, read from the settings before anything starts. */
import { readFileSync } from 'node:fs';
import { parseRules } from '#lib/channel/people/oidc/claims.ts';
import { Issuer } from '#lib/channel/people/oidc/issuer.ts';
import { type Config, ConfigError, isLoopback } from './config.ts';

/** @throws ConfigError with the lines to type */
export function issuerOf({ oidc }: Config): Issuer {
  const { issuer, clientId, allow } = oidc;
  const secret = readSecret(oidc);
  const missing = [
    issuer === '' ? 'SLUICE_OIDC_ISSUER=https://auth.example' : null,
    clientId === '' ? 'SLUICE_OIDC_CLIENT_ID=sluice' : null,
    secret === '' ? 'SLUICE_OIDC_CLIENT_SECRET_FILE=/path/to/the/secret' : null,
  ].filter((line) => line !== null);
  if (missing.length > 0)
    throw new ConfigError(`SLUICE_AUTH is oidc, and this is missing: ${missing.join(' ')}`);
  try {
    return new Issuer({
      issuer: checkIssuer(issuer),
      clientId,
      clientSecret: secret,
      rules: parseRules(allow),
    });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`SLUICE_OIDC_ALLOW: ${(error as Error).message}`);
  }
}

/** Over http whoever is on the way could be anybody. */
function checkIssuer(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new ConfigError(`SLUICE_OIDC_ISSUER is ${JSON.stringify(text)}: it has to be an address.`);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(bareHost(url)))) return url;
  throw new ConfigError(
    `SLUICE_OIDC_ISSUER is ${JSON.stringify(text)}: it has to be https, so that nobody on the way can sign in as others. ` +
      'http is for this machine alone.',
  );
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function readSecret({ clientSecret, clientSecretFile }: Config['oidc']): string {
  if (clientSecretFile === '') return clientSecret;
  if (clientSecret !== '')
    throw new ConfigError(
      'SLUICE_OIDC_CLIENT_SECRET and SLUICE_OIDC_CLIENT_SECRET_FILE are both set: leave one out.',
    );
  try {
    return readFileSync(clientSecretFile, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`SLUICE_OIDC_CLIENT_SECRET_FILE: ${clientSecretFile} cannot be read (${code}).`);
  }
}
