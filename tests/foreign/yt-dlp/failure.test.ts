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
  ["[youtube] abc: Private video. Sign in if you've been granted access to this video", 'login_required'],
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
  ['Postprocessing: file:media.a+b.fa.mp4: could not find codec parameters', 'not_media'],
  ['Postprocessing: file:media.a+b.fa.mp4: End of file', 'not_media'],
  ["Postprocessing: To ignore this, add a trailing '?' to the map.", 'not_media'],
  ['Postprocessing: file:media.a+b.temp.mp4: No space left on device', 'disk_full'],
  ['Postprocessing: file:media.a+b.fa.mp4: Input/output error', 'engine_exit'],
  ['Postprocessing: Error opening input files: Invalid argument', 'not_media'],
  ['Postprocessing: sluice: ffmpeg was not started: /x is not a file of this download', 'not_media'],
  ['Postprocessing: Conversion failed!', 'engine_exit'],
  ['The answers of the server contradict each other: 9 bytes instead of 10', 'remote_contradiction'],
];

/** Refusals in the words of extractors of yt-dlp 2026.10.26, and of YouTube. */
const REFUSED: Record<string, string[]> = {
  geo_blocked: [
    '[x] 1: This video is not available from your location due to geo restriction',
    '[youtube] abc: The uploader has not made this video available in your country',
    '[youtube] abc: Video unavailable. This video contains content from SME, who has blocked it in your country on copyright grounds',
    '[x] 1: This video is available in Taiwan only [geo restricted]',
    '[x] 1: 该视频仅限港澳台地区观看 [geo restricted]',
    '[bilibili] 1: 抱歉您所在地区不可观看！',
    '[x] 1: Track unavailable in your country due to licensing restrictions',
    '[x] 1: This song is blocked in this region',
    '[bbc] 1: BBC iPlayer only works in the UK. This content is not available outside the UK',
    '[x] 1: This content is not available in your region',
    '[x] 1: Este vídeo no está disponible en tu país',
    '[x] 1: Dieses Video ist in deinem Land nicht verfügbar',
    "[x] 1: Cette vidéo n'est pas disponible dans votre pays",
    '[x] 1: Видео недоступно в вашем регионе',
  ],
  client_blocked: [
    '[youtube] abc: Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies for the authentication. See  https://x  for how to',
    "[youtube] abc: Sign in to confirm you're not a bot. This helps protect our community. Learn more",
    "[youtube] abc: Video unavailable. This content isn't available, try again later. The current session has been rate-limited by YouTube for up to an hour",
    '[youtube] abc: Video unavailable. YouTube is requiring a captcha challenge before playback',
    '[generic] x: Got HTTP Error 403 caused by Cloudflare anti-bot challenge; try again with  --extractor-args "generic:impersonate"',
    '[tiktok] 1: Your IP address is blocked from accessing this post',
    '[x] 1: You have exceeded the rate limit. Try again later',
    '[x] 1: You are rate-limited. Try again later.',
    '[reddit] 1: Your IP address is unable to access the Reddit API',
  ],
  password_required: [
    '[vimeo] 1: This video is protected by a password, use the --video-password option',
    '[x] 1: Password protected video, use --video-password <password>',
    '[x] 1: Wrong video password',
  ],
  members_only: [
    "[youtube] abc: This video is available to this channel's members on level: Gold (or any higher level). Join this channel to get access to members-only content and other exclusive perks.",
    '[youtube] abc: Join this channel to get access to members-only content like this video, and other exclusive perks.',
    '[youtube] abc: This video requires payment to watch',
    '[x] 1: This video is for premium members only [login_required]. Use --cookies, --cookies-from-browser',
    '[x] 1: This video is only available for registered users with the appropriate subscription. Use --cookies',
    '[x] 1: This livestream is for subscribers only',
    '[x] 1: The song is only for VIP accounts.',
    '[x] 1: This video is paid, subscribe to download it',
    '[bilibili] 1: 大会员专享限制',
    '[patreon] 1: You do not have access to this post',
    '[BiliBili] 1: This is a supporter-only video: 充电专属',
    '[Niconico] sm1: この動画は有料です',
    '[udemy] x: You are not enrolled in the course',
    '[LinkedIn] x: This video is locked',
    '[x] 1: Unable to download JSON metadata: HTTP Error 402: Payment Required',
  ],
  login_required: [
    '[x] 1: This video is only available for registered users. Use --cookies, --cookies-from-browser, --username and --password',
    '[youtube] abc: Sign in to confirm your age. This video may be inappropriate for some users. Use --cookies-from-browser',
    '[x] 1: Video privado [login_required]. Use --cookies',
    '[x] 1: This VOD is private',
    '[twitter] 1: NSFW tweet requires authentication. Use --cookies',
    '[Odnoklassniki] x: Access to this video is restricted',
    '[x] 1: Your account does not have access to this content',
  ],
  remote_not_found: [
    '[youtube] abc: Video unavailable. This video is no longer available because the YouTube account associated with this video has been terminated.',
    '[youtube] abc: Video unavailable',
    '[x] 1: Video was deleted',
    '[x] 1: Content not found; it has most likely expired',
    '[x] 1: The VOD does not exist',
    '[youtube] abc: This video is not available',
    '[youtube] abc: Dmcaed',
    '[youtube] abc: This live event has ended.',
    '[twitter] 1: Requested tweet is unavailable. Suspended',
    '[youku] x: Youku server reported error: 抱歉，因版权原因无法观看此视频',
    '[nhk] x: この番組の配信は終了しました',
    '[x] 1: It has been disabled in response to a report by the copyright owner',
    '[tiktok] 1: Video not available, status code 10204',
    "[facebook] 1: This content isn't available right now",
    '[youtube] abc: This video has been removed for violating YouTube’s Community Guidelines',
  ],
  live_stream: [
    '[youtube] abc: Premieres in 3 hours',
    '[x] 1: This livestream has not yet started',
    '[x] 1: The channel is not currently live',
    '[twitch] x: Offline.',
    '[x] 1: The video is embargoed until 2027-01-01',
    '[ARDMediathek] x: This video is only available after 22:00',
    '[x] 1: The episode is not yet available',
    '[x] 1: This event will start at 2026-12-01',
    '[x] 1: This video is not available yet. Release date: 2027',
  ],
  no_media: [
    '[youtube:tab] x: This channel does not have a videos tab',
    '[patreon] 1: No supported media found in this post',
  ],
  // what only looks like a refusal
  engine_exit: [
    '[x] ticket-office: Unable to extract data',
    '[x] premium-login: Unable to extract title',
    '[x] 1: This video is not available in the wanted format with sound',
  ],
  timeout: [
    "[x] 1: Unable to download webpage: HTTPSConnection(host='login.members.example', port=443): Read timed out",
  ],
  unsupported_url: ['Unsupported URL: http://x.example/members-only/private-video/sign-in'],
  remote_denied: ['[x] 1: Unable to download JSON metadata: HTTP Error 403: Forbidden'],
  remote_busy: [
    '[x] 1: Unable to download webpage: HTTP Error 429: Too Many Requests',
    '[x] 1: Please wait a few minutes before you try again',
  ],
};

const TRANSIENT = ['engine_exit', 'timeout', 'remote_busy'];

for (const [code, lines] of Object.entries(REFUSED)) {
  const isTransient = TRANSIENT.includes(code);
  test(`${lines.length} messages of sites are ${code}, which is ${isTransient ? 'transient' : 'final'}`, () => {
    for (const line of lines) {
      const error = failureOf([line], 1, null);
      assert.is(error.code, code, line);
      assert.is(error.transient, isTransient);
    }
  });
}

test('a message names no option that nobody can give here, and none of our marks', () => {
  assert.is(
    messageOf('ERROR: [x] 1: Private [login_required]. Use --cookies, --username and --password'),
    'yt-dlp: Private',
  );
});

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
