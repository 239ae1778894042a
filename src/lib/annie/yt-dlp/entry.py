# Starts our own copy of yt-dlp: `main()`, with seven things around it. `range-check.py` and `fragment-check.py` come before
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

# Every connection is a tunnel (CONNECT) of the guard's proxy at `http_proxy`: the guard gets the name, resolves it, checks
# the address and dials it, so there is no gap between the check and the dial. yt-dlp itself needs no proxy option, and its
# children have the variable. Where the run has no network of its own, the audit hook (PEP 578: it cannot be removed) keeps
# the interpreter from any other address. Without `http_proxy` there is no network: then it prints its version or its
# extractors.
import base64, errno, socket, urllib.parse
def guard(proxy):
    url = urllib.parse.urlsplit(proxy)
    at = (url.hostname, url.port)
    secret = base64.b64encode(f'{url.username}:{url.password}'.encode()).decode() if url.username else None
    plain_connect = socket.socket.connect
    plain_lookup = socket.getaddrinfo
    # What the guard answers, as the errors that code of others knows.
    def failure(code, host):
        if code == 'address_refused':
            return PermissionError(errno.EACCES, f'refused by the guard: {host} is not a public address')
        if code == 'dns_failed':
            return socket.gaierror(socket.EAI_NONAME, 'Name or service not known')
        if code == 'timeout':
            return TimeoutError(errno.ETIMEDOUT, 'timed out')
        if code in ('network_down', 'host_away'):
            return OSError(errno.EHOSTUNREACH, f'No route to host [{code}]')
        return ConnectionRefusedError(errno.ECONNREFUSED, f'Connection refused [{code}]')
    def connect(self, address):
        if self.family != socket.AF_INET or self.type != socket.SOCK_STREAM:
            raise PermissionError(errno.EACCES, f'not by the guard: {address}')
        host, port = address[:2]
        name = host.decode() if isinstance(host, bytes) else host
        place = f'[{name}]:{int(port)}' if ':' in name else f'{name}:{int(port)}'
        waits = self.gettimeout()
        # also one that is to be asynchronous: the proxy is at hand, and answers
        if waits == 0:
            self.settimeout(20)
        try:
            plain_connect(self, at)
            head = f'CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n'
            self.sendall((head + (f'Proxy-Authorization: Basic {secret}\r\n' if secret else '') + '\r\n').encode())
            answer = b''
            # what follows the head is the site's
            while not answer.endswith(b'\r\n\r\n'):
                seen = self.recv(4096, socket.MSG_PEEK)
                end = (answer + seen).find(b'\r\n\r\n')
                part = self.recv(len(seen) if end < 0 else end + 4 - len(answer))
                if not part:
                    raise ConnectionResetError(errno.ECONNRESET, 'Connection reset by the guard')
                answer += part
        finally:
            if waits == 0:
                self.settimeout(waits)
        status, _, reason = answer.split(b'\r\n')[0].decode('latin1').partition(' ')[2].partition(' ')
        if status != '200':
            raise failure(reason.strip(), name)
    def connect_ex(self, address):
        try:
            connect(self, address)
            return 0
        except OSError as error:
            return error.errno or errno.ECONNREFUSED
    # The name takes the place of an address.
    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if host is None or family not in (0, socket.AF_INET):
            return plain_lookup(host, port, family, type, proto, flags)
        name = host.decode() if isinstance(host, bytes) else host
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', (name, int(port or 0)))]
    def audit(event, arguments):
        if event not in ('socket.connect', 'socket.sendto', 'socket.sendmsg'):
            return
        # Of sendmsg None: to where the socket is connected already.
        if arguments[1] is not None and arguments[1][:2] != at:
            raise PermissionError(f'not the address of the guard: {arguments[1]}')
    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
    socket.getaddrinfo = getaddrinfo
    sys.addaudithook(audit)
    sys.argv.insert(1, '--proxy=')
if 'http_proxy' in os.environ:
    guard(os.environ['http_proxy'])

# What the list keeps secret for the site of this job comes on the standard input: no file, argument or variable holds it. It
# is added where a connection is to that very origin, and in place of what yt-dlp itself has under the same name. In yt-dlp's own
# requests it would follow redirects to other hosts, and be kept with what is known of the video.
def sign_in(kept):
    import http.client, json
    origins = {}
    for origin, fields in json.loads(kept).items():
        url = urllib.parse.urlsplit(origin)
        is_secure = url.scheme == 'https'
        origins[(url.hostname, url.port or (443 if is_secure else 80), is_secure)] = fields
    connection = http.client.HTTPConnection
    plain_put, plain_end = connection.putheader, connection.endheaders
    def fields_of(self):
        return origins.get((self.host.strip('[]').lower(), self.port, self.default_port == 443), {})
    def putheader(self, name, *values):
        text = name.decode('latin1') if isinstance(name, bytes) else str(name)
        if text.lower() not in fields_of(self):
            plain_put(self, name, *values)
    def endheaders(self, *rest, **options):
        for name, value in fields_of(self).items():
            plain_put(self, name, value.encode())
        plain_end(self, *rest, **options)
    connection.putheader, connection.endheaders = putheader, endheaders
kept = sys.stdin.buffer.read() if sys.stdin else b''
if kept:
    sign_in(kept)
del kept

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
