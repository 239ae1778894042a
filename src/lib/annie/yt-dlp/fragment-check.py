# Checks each fragment that yt-dlp appends to a file, and notes what a playlist listed. yt-dlp itself appends whatever was
# answered with a 200: the page of a login, an error as JSON, the end of an interrupted body. Here a fragment that is text,
# or a picture, or of another kind than those before it ends the download. A picture before MPEG-TS, which some hosts put
# there, is removed.
# Seconds and fragments that were listed, by file: the adapter compares them with what arrived.
LISTED_FILE = 'sluice-listed.jsonl'

def check_fragments():
    import json, os, re
    from yt_dlp.downloader.dash import DashSegmentsFD
    from yt_dlp.downloader.fragment import FragmentFD
    from yt_dlp.downloader.hls import HlsFD

    plain_decrypter = FragmentFD.decrypter
    plain_append_all = FragmentFD.download_and_append_fragments
    plain_hls = HlsFD.real_download
    plain_can = HlsFD.can_download.__func__
    plain_dash = DashSegmentsFD.real_download

    TS_PACKET = 188
    PICTURES = (b'\x89PNG', b'\xff\xd8\xff', b'GIF8', b'BM')
    # Boxes that begin a file or a fragment of ISO media (ISO/IEC 14496-12), and those that some packagers put first.
    BOXES = b'ftyp styp moov moof sidx mdat free skip prft emsg uuid ssix pdin meta'.split()

    class NotMedia(Exception):
        pass

    # Up to four packets.
    def is_ts(data, at=0):
        starts = range(at, min(len(data), at + 4 * TS_PACKET), TS_PACKET)
        return len(starts) > 0 and len(data) >= at + TS_PACKET and all(data[start] == 0x47 for start in starts)

    # Control characters are in the first packet, box or frame of every kind of media.
    def is_text(data):
        try:
            head = data[:512].decode('utf-8', 'strict' if len(data) <= 512 else 'ignore')
        except UnicodeDecodeError:
            return False
        return not re.search('[\\0-\\x08\\x0e-\\x1f\\x7f]', head) and len(head.encode()) >= min(len(data), 512) - 3

    def kind_of(data):
        if is_ts(data):
            return 'MPEG-TS'
        return 'MP4' if data[4:8] in BOXES else None

    # Whether it can follow others: in any box, or cut inside a packet. What was decrypted with a wrong key cannot.
    def continues(data, kind):
        if kind == 'MP4':
            return re.match(rb'[A-Za-z0-9 ]{4}', data[4:8]) is not None
        return any(is_ts(data, at) for at in range(min(TS_PACKET, len(data))))

    # The fragment without what a host put before it.
    def checked(data, track):
        if data is None:
            return None
        kind = kind_of(data)
        if kind is None and data.startswith(PICTURES):
            start = next((at for at in range(8, min(len(data), 1 << 16)) if data[at] == 0x47 and is_ts(data, at)), None)
            if start is None:
                raise NotMedia('is a picture')
            data, kind = data[start:], 'MPEG-TS'
        if kind is None and (not data or is_text(data)):
            raise NotMedia('is text' if data else 'is empty')
        if kind is None and track.get('kind') and not continues(data, track['kind']):
            raise NotMedia(f'is not {track["kind"]}, as those before it')
        if kind is not None:
            track.setdefault('kind', kind)
        return data

    def decrypter_checked(self, info_dict):
        decrypt = plain_decrypter(self, info_dict)
        track = self.__dict__.setdefault('sluice_track', {})
        is_media = info_dict.get('ext') not in ('vtt', 'srt', 'ttml', 'dfxp', 'mhtml')
        def decrypt_checked(fragment, data):
            try:
                # None = it was not found, which yt-dlp says
                data = decrypt(fragment, data)
                return checked(data, track) if is_media else data
            except (NotMedia, ValueError, IndexError) as error:
                why = error if isinstance(error, NotMedia) else 'cannot be decrypted'
                raise NotMedia(f'fragment {fragment["frag_index"]} {why}') from error
        return decrypt_checked

    # What an earlier attempt fetched.
    def kind_on_disk(path):
        try:
            with open(path, 'rb') as file:
                return kind_of(file.read(4 * TS_PACKET))
        except OSError:
            return None

    def append_all_checked(self, ctx, fragments, info_dict, **options):
        self.sluice_track = {'kind': kind_on_disk(ctx['tmpfilename'])} if ctx.get('fragment_index') else {}
        try:
            return plain_append_all(self, ctx, fragments, info_dict, **options)
        except NotMedia as error:
            ctx['dest_stream'].close()
            # or the next attempt would take it for fetched
            if ctx.get('fragment_filename_sanitized'):
                self.try_remove(ctx['fragment_filename_sanitized'])
            self.report_error(f'What the server sent is not media: {error}')
            return False

    def note(filename, durations, is_whole_seconds=False):
        if not durations:
            return
        listed = {'name': os.path.basename(filename), 'seconds': sum(durations), 'fragments': len(durations)}
        with open(LISTED_FILE, 'a', encoding='utf-8') as lines:
            lines.write(json.dumps({**listed, 'rounded': is_whole_seconds}) + '\n')

    def can_download_noted(cls, manifest, info_dict, *rest):
        found = re.findall(r'(?m)^\s*#EXTINF:\s*(\d{1,7}(?:\.\d{1,20})?)', manifest)
        # yt-dlp leaves out advertisements and other periods
        is_all = info_dict.get('format_index') is None and not re.search('#ANVATO-SEGMENT-INFO|#UPLYNK-SEGMENT|#EXT-X-GAP', manifest)
        if is_all and cls.sluice_file and '#EXT-X-ENDLIST' in manifest:
            note(cls.sluice_file, [float(each) for each in found], not any('.' in each for each in found))
        return plain_can(cls, manifest, info_dict, *rest)

    def hls_noted(self, filename, info_dict):
        HlsFD.sluice_file = filename
        try:
            return plain_hls(self, filename, info_dict)
        finally:
            HlsFD.sluice_file = None

    def dash_noted(self, filename, info_dict):
        fragments = info_dict.get('fragments')
        if isinstance(fragments, list) and not info_dict.get('requested_formats'):
            durations = [fragment.get('duration') for fragment in fragments if 'duration' in fragment]
            # the initialization has none
            if len(durations) >= len(fragments) - 1 and all(isinstance(each, (int, float)) for each in durations):
                note(filename, durations)
        return plain_dash(self, filename, info_dict)

    HlsFD.sluice_file = None
    FragmentFD.decrypter = decrypter_checked
    FragmentFD.download_and_append_fragments = append_all_checked
    HlsFD.can_download = classmethod(can_download_noted)
    HlsFD.real_download = hls_noted
    DashSegmentsFD.real_download = dash_noted
