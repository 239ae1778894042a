# Checks each response to a request of yt-dlp's HTTP downloader, which also fetches the fragments of HLS and DASH. yt-dlp
# itself resumes without a validator and takes any 200, and any 206 that ends too early, for all that it needs. Here a
# part must be the requested range of the version that was seen first, with its total. Otherwise the file is requested
# once without resuming, and if that response does not fit either, the download fails.
# First answers are kept in the work dir, as the bytes of an interrupted download are.
ANSWERS_FILE = 'sluice-answers.jsonl'
# Of the bytes that are here.
COMPARED_BYTES = 65536

def check_ranges():
    import json, os, re, threading
    from yt_dlp import YoutubeDL
    from yt_dlp.downloader.http import HttpFD
    from yt_dlp.networking.exceptions import HTTPError, TransportError
    from yt_dlp.utils import parse_http_range

    plain_download = HttpFD.real_download
    plain_open = YoutubeDL.urlopen
    # The transfer of each thread: yt-dlp can fetch several fragments at once.
    current = threading.local()
    # By media file, or by address if byte ranges of it are fragments.
    known = {}

    class Contradiction(Exception):
        pass

    def load():
        try:
            with open(ANSWERS_FILE, encoding='utf-8') as lines:
                for line in lines:
                    try:
                        key, answer = json.loads(line)
                    except ValueError:
                        # cut off by a kill: what it was about is fetched from its start
                        continue
                    known[key] = answer
        except FileNotFoundError:
            pass

    def save(key, answer):
        if known.get(key) == answer:
            return
        known[key] = answer
        # one write call, so that threads do not mix their lines; the break before it ends a line that a kill cut off
        with open(ANSWERS_FILE, 'a', encoding='utf-8') as lines:
            lines.write('\n' + json.dumps([key, answer]) + '\n')

    def number(text):
        return int(text) if re.fullmatch(r'\d{1,15}', text or '') else None

    def is_encoded(response):
        return (response.headers.get('Content-Encoding') or 'identity').lower() != 'identity'

    # Bytes of the body; None = not announced.
    def length_of(response):
        if is_encoded(response) or response.headers.get('Transfer-Encoding'):
            return None
        return number(response.headers.get('Content-Length'))

    # First and last byte, and the total (None = `*`); None = there is no such header, or more than one.
    def place_of(response):
        text = ', '.join(response.headers.get_all('Content-Range', []))
        match = re.fullmatch(r'bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)', text)
        return match and (int(match[1]), int(match[2]), number(match[3]))

    # Whether its head says that the body is all of the file: some servers answer any request with a Content-Range.
    def is_whole(response):
        place = place_of(response)
        if place is not None:
            return place[0] == 0 and place[2] == place[1] + 1
        return response.status in (200, 203) and response.headers.get('Content-Range') is None

    def answer_of(response, total):
        etag = response.headers.get('ETag')
        modified = response.headers.get('Last-Modified')
        return {'total': total, 'etag': etag, 'modified': modified, 'ranges': has_ranges(response)}

    # Whether the server says that it sends parts: then the adapter knows that the file can be resumed.
    def has_ranges(response):
        return response.status == 206 or (response.headers.get('Accept-Ranges') or '').strip().lower() == 'bytes'

    def is_strong(etag):
        return re.fullmatch(r'"[^"]*"', etag or '') is not None

    # Whether a validator that both have differs, or the total.
    def differs(first, now):
        if first['total'] is not None and now['total'] is not None and first['total'] != now['total']:
            return True
        if first['etag'] and now['etag']:
            return first['etag'] != now['etag']
        return bool(first['modified'] and now['modified']) and first['modified'] != now['modified']

    class Transfer:
        def __init__(self, path, part, info):
            start, last, _ = parse_http_range((info.get('http_headers') or {}).get('Range'))
            self.part = part
            # `bytes=0-` is no fragment: some extractors request whole files like that
            self.is_fragment = start is not None and (start > 0 or last is not None)
            self.start = start if self.is_fragment else 0
            self.end = last + 1 if self.is_fragment and last is not None else None
            self.restarts = 0
            self.key = info['url'] if self.is_fragment else os.path.basename(path)

        # Bytes that the file will have; None = unknown.
        def size(self):
            total = (known.get(self.key) or {}).get('total')
            ends = [end for end in (self.end, total) if end is not None]
            return min(ends) - self.start if ends else None

        # With all its bytes here, yt-dlp would get a 416 and take any file of about this size for it: the last byte is
        # requested again, so that the server confirms the version.
        def prepare(self):
            size = self.size()
            if size is not None and os.path.isfile(self.part) and os.path.getsize(self.part) >= size:
                os.truncate(self.part, max(size - 1, 0))

        def open(self, ydl, request):
            start, last, _ = parse_http_range(request.headers.get('Range'))
            if start is None:
                return self.open_whole(ydl, request)
            first = known.get(self.key)
            resumes = start > self.start
            if resumes and (first is None or first['total'] is None):
                return self.open_anew(ydl, request)
            checked = request.copy()
            if resumes and is_strong(first['etag']):
                checked.headers['If-Range'] = first['etag']
            try:
                response = plain_open(ydl, checked)
            except HTTPError as error:
                if error.status != 416:
                    raise
                error.close()
                self.count_restart()
                return self.open_anew(ydl, request)
            expected = first if resumes or self.is_fragment else None
            answer = self.part_answer(response, start, last, expected)
            if answer is not None:
                if expected is None:
                    self.begin(answer)
                elif resumes:
                    save(self.key, {**first, 'ranges': True})
                return response
            whole = answer_of(response, length_of(response))
            whole['ranges'] = whole['ranges'] and not resumes
            # from a server without ranges; another size may be the rest, with the head of the whole
            is_same = not resumes or whole['total'] is not None and not differs(first, whole)
            is_complete = is_whole(response) and is_same
            if is_complete and not self.is_fragment:
                return self.accept_whole(response, whole)
            response.close()
            if not is_complete:
                self.count_restart()
            return self.open_anew(ydl, request)

        def count_restart(self):
            self.restarts += 1
            if self.restarts > 1:
                raise Contradiction('a part did not fit for the second time')

        # The answer, if it is the range that was requested; else None.
        def part_answer(self, response, start, last, first):
            place = place_of(response)
            if place is None or response.status not in (200, 206) or is_encoded(response):
                return None
            total = place[2] if place[2] is not None else first and first['total']
            ends = [end for end in (last, None if total is None else total - 1) if end is not None]
            if not ends or place[:2] != (start, min(ends)):
                return None
            if length_of(response) not in (None, place[1] - place[0] + 1):
                return None
            answer = answer_of(response, total)
            return None if first is not None and differs(first, answer) else answer

        # yt-dlp writes from byte 0 if the response has another Content-Range than it expects, or none.
        def open_anew(self, ydl, request):
            if self.is_fragment and parse_http_range(request.headers.get('Range'))[0] > self.start:
                again = request.copy()
                again.headers['Range'] = f'bytes={self.start}-{"" if self.end is None else self.end - 1}'
                return self.open(ydl, again)
            return self.open_whole(ydl, request)

        def open_whole(self, ydl, request):
            plain = request.copy()
            plain.headers.pop('Range', None)
            response = plain_open(ydl, plain)
            try:
                if not is_whole(response):
                    raise Contradiction('a part came that was not requested')
                # yt-dlp may take it for the part that it wanted
                del response.headers['Content-Range']
                whole = answer_of(response, length_of(response))
                return self.cut(response, whole) if self.is_fragment else self.accept_whole(response, whole)
            except BaseException:
                response.close()
                raise

        def accept_whole(self, response, whole):
            first = known.get(self.key)
            if first is not None and first['etag'] == whole['etag'] and is_strong(whole['etag']):
                self.compare_start(response, whole)
                if None not in (first['total'], whole['total']) and first['total'] != whole['total']:
                    raise Contradiction(f'{whole["total"]} bytes instead of {first["total"]} for the same version')
                whole['total'] = whole['total'] or first['total']
            self.begin(whole)
            return response

        # Bytes of the same version are the same: the response is compared with those that are here. Without a total only
        # they show that it is no more than the rest.
        def compare_start(self, response, whole):
            if not os.path.isfile(self.part):
                return
            size = os.path.getsize(self.part)
            if whole['total'] is not None and whole['total'] < size:
                raise Contradiction(f'{whole["total"]} bytes, of which {size} had come before')
            with open(self.part, 'rb') as part:
                saved = part.read(COMPARED_BYTES)
            read, received = response.read, b''
            while len(received) < len(saved):
                block = read(len(saved) - len(received))
                if not block:
                    break
                received += block
            if received != saved:
                if saved.startswith(received):
                    raise TransportError('the connection ended before the bytes that had come before')
                raise Contradiction('other bytes for the same version')
            def read_on(amount=None):
                nonlocal received
                if not received:
                    return read(amount)
                block, received = (received, b'') if amount is None else (received[:amount], received[amount:])
                return block + read() if amount is None else block
            response.read = read_on

        # Bytes of another version must not be resumed, also not after a kill.
        def begin(self, answer):
            if answer != known.get(self.key) and os.path.isfile(self.part):
                os.remove(self.part)
            save(self.key, answer)

        # A fragment out of the whole file, from a server without ranges.
        def cut(self, response, whole):
            first = known.get(self.key)
            if first is not None and differs(first, whole):
                raise Contradiction('the file has changed between two of its fragments')
            if whole['total'] is None or self.end is None or whole['total'] < self.end:
                raise Contradiction('a fragment was not sent as the range that was requested')
            save(self.key, first or whole)
            skip, left, read = self.start, self.end - self.start, response.read
            while skip > 0:
                block = read(min(skip, 1 << 20))
                if not block:
                    raise TransportError('the connection ended before the fragment')
                skip -= len(block)
            def read_fragment(amount=None):
                nonlocal left
                block = read(min(left, amount or left)) if left else b''
                left -= len(block)
                return block
            response.read = read_fragment
            del response.headers['Content-Length']
            response.headers['Content-Length'] = str(left)
            return response

    def open_checked(self, request):
        transfer = getattr(current, 'transfer', None)
        # those have no ranges
        if transfer is None or re.match('(data|ftps?):', request.url, re.IGNORECASE):
            return plain_open(self, request)
        return transfer.open(self, request)

    def download_checked(self, filename, info_dict):
        current.transfer = transfer = Transfer(filename, self.temp_name(filename), info_dict)
        try:
            transfer.prepare()
            is_done = plain_download(self, filename, info_dict)
            if is_done and transfer.size() not in (None, os.path.getsize(filename)):
                bytes_now = os.path.getsize(filename)
                os.remove(filename)
                raise Contradiction(f'{bytes_now} bytes instead of {transfer.size()}')
            return is_done
        except Contradiction as contradiction:
            self.report_error(f'The answers of the server contradict each other: {contradiction}')
            return False
        finally:
            current.transfer = None

    load()
    YoutubeDL.urlopen = open_checked
    HttpFD.real_download = download_checked
