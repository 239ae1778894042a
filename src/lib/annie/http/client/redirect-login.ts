import { percentDecoded } from '../head/header-text.ts';

/**
 * Takes the name and password out of an address that a server redirects to. They are sent to that address alone, as curl
 * does, and appear nowhere.
 */
export function removeCredentials(url: URL): Record<string, string> {
  const { username, password } = url;
  if (username === '' && password === '') return {};
  [url.username, url.password] = ['', ''];
  const login = Buffer.concat([percentDecoded(username), Buffer.from(':'), percentDecoded(password)]);
  return { authorization: `Basic ${login.toString('base64')}` };
}
