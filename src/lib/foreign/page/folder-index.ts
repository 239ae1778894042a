/** Lists of the files of a folder, as servers make them. Pure. */

/** Their titles: Apache, nginx, lighttpd, Python, Jetty, Tomcat, IIS. */
const INDEX = /^\s*(?:index of|directory listing|directory:|listing of|files within|\S+ - \/)/i;

export function isFolderIndex(title: string): boolean {
  return INDEX.test(title);
}

/** A file of the folder that is listed: not its parent, a folder in it, or another order of the list. */
export function isListedFile(address: URL, { origin, pathname }: URL): boolean {
  const folder = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  const name = address.pathname.slice(folder.length);
  const isFile = address.origin === origin && address.pathname.startsWith(folder) && /^[^/]+$/.test(name);
  return isFile && address.search === '';
}
