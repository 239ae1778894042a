/** What a stranger sends as a "video" to have ffmpeg open another file of this machine. */

export interface Secret {
  /** Absolute paths of the same film. */
  mp4: string;
  ts: string;
}

export function hostileForms({ mp4, ts }: Secret) {
  return {
    m3u8: `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\nfile://${ts}\n#EXT-X-ENDLIST\n`,
    mpd:
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" ' +
      'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet contentType="video" ' +
      'mimeType="video/mp4"><Representation id="1" bandwidth="9000" codecs="avc1.4d401e" width="640" height="360">' +
      `<BaseURL>file://${mp4}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    ffconcat: `ffconcat version 1.0\nfile ${mp4}\n`,
  };
}
