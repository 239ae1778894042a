# Starts our own copy of yt-dlp: `main()`, with six things around it. `range-check.py` and `fragment-check.py` come before
# it.

# Exits as soon as `main()` has returned. Python takes 45 to 65 ms to free the memory of 1,900 extractors, which the kernel
# takes back in 2 ms, and for that time the user would see 100 % and no file. `atexit` calls the first registered function
# last: by then threads are joined and all other handlers have run. If a stream cannot be flushed it raises, and Python
# exits as usual.
import atexit, os, sys
code = 1
def leave():
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
atexit.register(leave)

# yt-dlp dials itself, but only where the guard lets it: every name is resolved by the guard at `http_proxy`, and the
# interpreter refuses any other address, whatever code dials it (PEP 578: a hook cannot be removed). So the bytes do not
# pass through the server, where they cost more CPU than all of yt-dlp. The programs that yt-dlp starts (ffmpeg) have the
# proxy in their environment. Without `http_proxy` nothing is guarded: then it only prints its version or its extractors.
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

# Reads a tenth of a second at once, at most 4 MiB. yt-dlp's own blocks hold a whole second, and it reports only after
# each; fixed ones of 64 KiB cost twice the CPU at full speed and are late below 500 kB/s.
from yt_dlp.downloader.common import FileDownloader
def block_size(seconds, size):
    return int(max(1024, min(size / max(seconds, 0.001) / 10, size * 2, 4 << 20)))
FileDownloader.best_block_size = staticmethod(block_size)

# `range-check.py`. Without it nothing may be resumed: then the adapter has to say `--no-continue`.
try:
    check_ranges()
except (ImportError, AttributeError) as error:
    if '--continue' in sys.argv:
        sys.exit(f'ERROR: Sluice cannot check what this yt-dlp resumes: {error}')

# `fragment-check.py`. Without it the adapter still sees what ffmpeg left out.
try:
    check_fragments()
except (ImportError, AttributeError) as error:
    print(f'WARNING: Sluice cannot check the fragments of this yt-dlp: {error}', file=sys.stderr)

# Says of two kinds of refusals what they are: a message may be the site's own, in any language.
def name_refusals():
    from yt_dlp.extractor.common import InfoExtractor
    from yt_dlp.utils import GeoRestrictedError
    plain_login = InfoExtractor.raise_login_required
    plain_init = GeoRestrictedError.__init__
    def login_named(self, msg='This video is only available for registered users', *rest, **options):
        plain_login(self, f'{msg} [login_required]', *rest, **options)
    def init_named(self, msg, *rest, **options):
        plain_init(self, f'{msg} [geo restricted]', *rest, **options)
    InfoExtractor.raise_login_required = login_named
    GeoRestrictedError.__init__ = init_named
try:
    name_refusals()
except (ImportError, AttributeError):
    pass

import yt_dlp
try:
    yt_dlp.main()
    code = 0
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
    raise
