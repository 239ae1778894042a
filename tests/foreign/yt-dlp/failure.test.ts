import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureOf, messageOf } from '#lib/foreign/yt-dlp/failure.ts';

/** Messages of yt-dlp 2026.10.26 and their codes. */
const SAID: [string, string][] = [
  [
    '[generic] missing: Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)',
    'remote_not_found',
  ],
  ['[generic] g: Unable to download webpage: HTTP Error 451: Unavailable For Legal Reasons', 'remote_denied'],
  ['unable to download video data: HTTP Error 403: Forbidden', 'remote_denied'],
  ['unable to download video data: HTTP Error 429: Too Many Requests', 'remote_busy'],
  ['[download] Got error: HTTP Error 503: Service Unavailable. Giving up after 10 retries', 'remote_busy'],
  ['[download] Got error: HTTP Error 500: Internal Server Error. Giving up after 10 retries', 'remote_error'],
  ['Unsupported URL: http://127.0.0.1/p/none.html', 'unsupported_url'],
  ["[generic] 'notaurl' is not a valid URL", 'unsupported_url'],
  [
    '[generic] clip: Requested format is not available. Use --list-formats for a list of available formats',
    'stream_not_found',
  ],
  ['[youtube] abc: This video is DRM protected', 'encrypted'],
  ['[youtube] abc: This live event will begin in 3 hours.', 'live_stream'],
  ["[youtube] abc: Private video. Sign in if you've been granted access to this video", 'remote_denied'],
  ['[youtube] abc: Video unavailable. This video has been removed by the uploader', 'remote_not_found'],
  [
    'You have requested merging of multiple formats but ffmpeg is not installed. Aborting due to --abort-on-error',
    'ffmpeg_missing',
  ],
  ['unable to write data: [Errno 28] No space left on device', 'disk_full'],
  ["unable to open for writing: [Errno 13] Permission denied: 'media.0.mp4.part'", 'disk_denied'],
  [
    "[generic] x: Unable to download webpage: HTTPConnection(host='127.0.0.1', port=9): Failed to establish a new connection: [Errno 111] Connection refused",
    'connect_failed',
  ],
  [
    '[generic] x: Unable to download webpage: <urlopen error [Errno -2] Name or service not known>',
    'dns_failed',
  ],
  ['[generic] x: Unable to download webpage: The read operation timed out', 'timeout'],
  [
    '[generic] x: Unable to download webpage: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed',
    'tls_failed',
  ],
  ['[download] Got error: 1000 bytes read, 5000 more expected. Giving up after 3 retries', 'connection_lost'],
  [
    '[generic] x: No video formats found!; please report this issue on https://github.com/yt-dlp/yt-dlp/issues',
    'no_media',
  ],
  ['Postprocessing: file:media.video.mp4: Invalid argument', 'not_media'],
  ['Postprocessing: file:media.video.mp4: Invalid data found when processing input', 'not_media'],
  ['Postprocessing: Error opening input files: Invalid argument', 'not_media'],
  ['Postprocessing: sluice: ffmpeg was not started: /x is not a file of this download', 'not_media'],
  ['Postprocessing: Conversion failed!', 'engine_exit'],
  ['The answers of the server contradict each other: 9 bytes instead of 10', 'remote_contradiction'],
];

for (const [said, code] of SAID) {
  test(`"${said.slice(0, 70)}" is ${code}`, () => {
    assert.is(failureOf([said], 1, null).code, code);
  });
}

test('the cause counts, not an error that follows from it', () => {
  const said = [
    '[download] Got error: HTTP Error 404: Not Found. Giving up after 3 retries',
    'fragment 1 not found, unable to continue',
  ];
  assert.is(failureOf(said, 1, null).code, 'remote_not_found');
});

test('a wrong option is not transient, a crash is', () => {
  assert.not(failureOf(['yt-dlp: error: no such option: --nope'], 2, null).transient);
  assert.ok(failureOf(['Postprocessing: Conversion failed!'], 1, null).transient);
  assert.ok(failureOf([], null, 'SIGKILL').transient);
  assert.match(failureOf([], null, 'SIGKILL').message, 'SIGKILL');
});

test('a message is one clean line without local paths', () => {
  assert.is(
    messageOf(
      "\u001b[0;31mERROR:\u001b[0m [x:y] id: unable to open '/srv/secret/dir/file.part'\n now (caused by X)",
    ),
    "yt-dlp: unable to open 'file.part' now",
  );
  assert.match(messageOf('[generic] Unsupported URL: http://host/a/b/c.html'), 'http://host/a/b/c.html');
  assert.ok(messageOf('x'.repeat(5000)).length < 320);
});

test.run();
