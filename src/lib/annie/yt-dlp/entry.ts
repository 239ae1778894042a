/** How our own copy of yt-dlp is started: `main()` as ever, with three things around it, each in Python. */

/**
 * Leaves as soon as `main()` has returned. Python takes 45–65 ms to take 1,900 extractors apart, of memory that the
 * kernel takes back in 2, and all that time the person sees 100 % and no file. `atexit` calls the first registered
 * function last: by then threads are joined and everybody else's handlers have run. A stream that cannot be flushed
 * raises, and Python ends its own way.
 */
const LEAVE = `
import atexit, os, sys
code = 1
def leave():
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
atexit.register(leave)
`;

/**
 * Dials by itself, but only where the guard lets it: every name is resolved by the guard at `http_proxy`, and the
 * interpreter refuses any other address, whoever asks (PEP 578; a hook cannot be taken away again). So the bytes do
 * not pass through the server, which cost more CPU than all of yt-dlp. What yt-dlp starts (ffmpeg) has the proxy in
 * its environment. Without that variable nothing is guarded: then it only says its version or its extractors.
 */
const GUARD = `
import base64, http.client, socket, urllib.parse
def guard(proxy):
    url = urllib.parse.urlsplit(proxy)
    at = (url.hostname, url.port)
    secret = base64.b64encode(f'{url.username}:{url.password}'.encode()).decode()
    allowed = {at}
    system = socket.getaddrinfo
    def resolve(host, port):
        connection = http.client.HTTPConnection(*at, timeout=30)
        try:
            name = host if isinstance(host, str) else host.decode()
            place = urllib.parse.quote(f'[{name}]:{int(port)}' if ':' in name else f'{name}:{int(port)}', safe='[]:')
            connection.request('GET', f'/resolve/{place}', headers={'Proxy-Authorization': f'Basic {secret}'})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise socket.gaierror(socket.EAI_NONAME, text.strip())
        return text.split()
    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if (host, port) == at or host is None:
            return system(host, port, family, type, proto, flags)
        found = []
        for address in resolve(host, port):
            allowed.add((address, int(port)))
            if family in (0, socket.AF_INET6 if ':' in address else socket.AF_INET):
                found += system(address, int(port), family, type, proto, flags | socket.AI_NUMERICHOST)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, 'no address of this family')
        return found
    def audit(event, arguments):
        if event in ('socket.connect', 'socket.sendto', 'socket.sendmsg') and arguments[1][:2] not in allowed:
            raise PermissionError(f'not an address that the guard gave: {arguments[1]}')
    socket.getaddrinfo = getaddrinfo
    sys.addaudithook(audit)
    sys.argv.insert(1, '--proxy=')
if 'http_proxy' in os.environ:
    guard(os.environ['http_proxy'])
`;

/**
 * Reads a tenth of a second at once, of at most 4 MiB. yt-dlp's own blocks hold a whole second, and it has news only
 * after each; fixed ones of 64 KiB cost twice the CPU at full speed and are late below 500 kB/s.
 */
const BLOCKS = `
from yt_dlp.downloader.common import FileDownloader
def block_size(seconds, size):
    return int(max(1024, min(size / max(seconds, 0.001) / 10, size * 2, 4 << 20)))
FileDownloader.best_block_size = staticmethod(block_size)
`;

const MAIN = `
import yt_dlp
try:
    yt_dlp.main()
    code = 0
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
    raise
`;

const ENTRY = LEAVE + GUARD + BLOCKS + MAIN;

/** What argv begins with. `-I` keeps the current dir and the environment out; `modules`: a folder to import from. */
export function entryCommand(python: string, modules: string | null): string[] {
  if (modules === null) return [python, '-I', '-c', ENTRY];
  return [python, '-I', '-c', `import sys; sys.path.insert(0, sys.argv.pop(1))\n${ENTRY}`, modules];
}
