/**
 * Phrases in which sites refuse a video, for engines that print only what a site says. Sources: `raise_login_required`,
 * `raise_geo_restricted` and `raise ExtractorError` of yt-dlp 2026.10.26, the messages of YouTube that it passes on, and lux.
 * All are final: an attempt a minute later is refused too.
 */
import type { ErrorPatterns } from './error-lines.ts';

/** The first match wins: "Sign in to confirm you're not a bot" is no login, and "members in your country" is no membership. */
export const REFUSAL_PATTERNS: ErrorPatterns = [
  [
    /geo.?(?:graphic|restrict|block|lock|fenc)|(?:in|from|outside|to|for|by) (?:your|this|these|the user.s|certain|some) (?:current )?(?:geographic )?(?:country|countries|location|region|territory|area)\b|(?:country|region|location|territory) (?:is )?(?:not (?:allowed|supported|available)|restrict|block)|(?:available|viewable|accessible|watch\w*|streamed) (?:only )?(?:from |with)?(?:in|inside|within|from) [\p{L} .,']{2,60} only\b|only (?:be )?(?:available|viewable|accessible|watch\w*|streamed) (?:from )?(?:in|inside|within|from|to users in) (?:the )?\p{Lu}|not available outside|outside (?:of )?(?:the )?(?:UK|US|USA|EU|United|European)\b|licensing restrictions|地区限制|地域限制|(?:所在|您|你)的?(?:国家|地区|區域)|仅限?(?:港澳台|中国大陆|大陆)|お住まいの(?:国|地域)|\b(?:en (?:tu|su) país|in (?:deinem|Ihrem) Land|dans (?:votre|ton) (?:pays|région)|nel tuo paese|no seu país|in (?:je|jouw|uw) land|w Twoim kraju|i ditt land|ülkenizde)\b|в (?:вашем|вашей|твоей) (?:регионе|стране)|귀하의 국가|해당 국가/iu,
    'geo_blocked',
  ],
  [
    /not a (?:ro)?bot\b|captcha|cloudflare|anti.?bot|client challenge|(?:unusual|suspicious|automated) (?:traffic|activity|queries|requests)|rate.?limit|\bIP(?: address)?(?: \S{1,45})? (?:is|has been|was|may be) (?:temporarily )?(?:block|bann|restrict|unable|black)|your IP\b|(?:VPN|proxy) (?:\S+ ){0,2}detected|(?:temporarily|has been) (?:blocked|banned) from|人机验证|访问(?:过于)?频繁/i,
    'client_blocked',
  ],
  [
    /password.?protect|protected (?:by|with) (?:a )?password|--video-password|(?:wrong|incorrect|invalid) (?:video |album )?password|(?:requires?|enter|needs?) (?:a |the |its )?password|password (?:is )?(?:required|needed)|密码/i,
    'password_required',
  ],
  [
    /members?.?only|\b(?:only )?(?:for|to|by) (?:\w+ ){0,3}(?:members|subscribers|patrons|supporters)\b|channel.s members|join this channel|subscri(?:be|ption|bed)\b|subscribers? only|subscriber.?only|premium (?:\w+ )?(?:users?|members?|account|content|videos?|subscri)|(?:is|are) (?:a )?premium\b|purchase|payment|pay.?wall|pay.?per.?view|(?:is|are) (?:a )?paid\b|paid (?:video|content|course)|\brent(?:al|ed)?\b|ticket|\bVIP\b|\bpatron\b|会员|(?:do not|don.?t) (?:currently )?have access to|付费|大会员|購入|有料|充电专属|supporters?.?only|not enrolled\b|(?:video|content|episode|lecture) is locked\b/i,
    'members_only',
  ],
  [
    /sign.?in\b|log.?in\b|logged.?(?:in|into)\b|registered users|--cookies|--username|authenticat|(?:an?|your) account|private (?:video|playlist|post|profile|account|group|album|channel|stream|show|subreddit|content)|\b(?:is|are|was|been|made|set to) (?:\w+ )?private\b|age.?(?:restrict|verif|gate|limit)|confirm your age|(?:inappropriate|adult|mature) (?:for|content|audience|verification)|\bNSFW\b|\b18\+|not authori[sz]ed|granted access|access to this \w{1,20} is restricted|login_required|登录|登錄|未登录|ログイン/i,
    'login_required',
  ],
  [
    /(?:has|have|had|was|were|been|is|are) (?:been )?(?:removed|deleted|taken down|terminated|suspended|blocked)\b|(?:deleted|removed) (?:video|by)|no longer (?:available|exists?|online)|does not exist|doesn.?t exist|(?:has|have|already) expired|most likely expired|copyright (?:claim|grounds|infring)|(?:video|content|media|clip|stream|post|tweet) (?:is )?(?:\w+ )?unavailable|(?:video|content|media|clip|stream|post|channel|show|track|page) (?:was |is )?not found|\bDMCA|been disabled\b|copyright (?:owner|holder)|(?:video|content|media|clip|stream|post|episode|page) (?:is (?:currently )?not|isn.?t|not) (?:currently )?available\b(?!.{0,40}\b(?:in|from|to|only|for|with)\b)|(?:event|stream|broadcast|programme|show) (?:has|is) (?:already )?(?:ended|over)\b|版权原因|配信は終了|視聴期間.{0,8}終了|视频不存在|已被?删除|稿件不可见/i,
    'remote_not_found',
  ],
];

/** Also final: what has not begun. */
export const NOT_STARTED_PATTERNS: ErrorPatterns = [
  [
    /live event will begin|is (?:a )?live ?stream|This live stream|Premieres in|livestream|(?:has|have|is) not (?:yet )?(?:started|begun|aired)|not started yet|not (?:yet )?available yet|(?:event|broadcast|premiere|show|stream|episode|video) (?:\w+ )?(?:will (?:begin|start|premiere|be available)|is scheduled|starts? (?:in|at|on))|(?:is|are) not (?:currently )?live\b|(?:is|are|currently) offline\b|\bupcoming\b|embargoed until|only available (?:after|between|from) \d|not yet available|(?:^|: )offline\.?$/i,
    'live_stream',
  ],
];
