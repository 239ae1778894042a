/**
 * Removes secrets from text: queries, fragments, user names and passwords of addresses, what looks random in their paths,
 * credentials in headers, values of fields and options with names like `token`, JSON web tokens, and Sluice's own tokens;
 * also in addresses that are percent-encoded or escaped as in JSON. In doubt it hides too much, as anything missed is a leak.
 *
 * It runs in linear time, as the text comes from the network.
 */

/** Real addresses contain almost anything between blanks, quotes and brackets, escaped quotes included. */
const WORD = /(?:\\"|[^\t\n\v\f\r "<>`])+/g;
/** `//`, `\/\/`, `%2F%2F`, `%252F%252F`. */
const SLASHES = /(?:\\{0,4}\/){2}|%(?:25)*2f%(?:25)*2f/i;
const AUTHORITY = /((?:\\{0,4}\/){2}|%(?:25)*2f%(?:25)*2f)((?:[^/?#\\%]|%(?!(?:25)*(?:2f|3f|23)))*)/gi;
const AT = /@|%(?:25)*40/gi;
const QUERY = /\?|%(?:25)*3f|\\u003f/i;
const FRAGMENT = /#|%(?:25)*23|\\u0023/i;
const EQUALS = /=|%(?:25)*3d|\\u003d/i;
/** A word without any of these holds no address. */
const SUSPICIOUS = /[/?#@%\\]/;

/** Also as the end of a longer name: `access_token`, `PHPSESSID`, `clientSecret`. */
const SECRET_NAME =
  'authorization|cookie2?|token|secret|signature|passw(?:or)?d|passphrase|credentials?|sess(?:ion)?[-_]?id|[a-z0-9]_session|passkey|csrf|grant|jwt|hmac' +
  '|(?:api|auth|access|secret|private|signing)[-_]?key|(?<![a-z0-9])(?:sig|pwd)';
/** Names that are too common for the fields of our own records, but not for text of others. */
const COMMON_SECRET_NAME = '(?<![a-z0-9])(?:key|auth|sid|pass)';
/**
 * A secret's name and the separator before its value: `Cookie: `, `"cookie": "`, `\"cookie\": \"`, `token=`; of an option
 * also a blank, or the comma of a list.
 */
const SECRET_FIELD = new RegExp(
  `(?:${SECRET_NAME}|${COMMON_SECRET_NAME})(?:\\\\*["']?[ \\t]*[:=][ \\t]*|\\\\*["']?[ \\t,][ \\t]*)`,
  'gi',
);
const IS_SECRET_NAME = new RegExp(`(?:${SECRET_NAME})$`, 'i');
const HEADER = /authorization|cookie/i;
/** Secrets at any length. */
const SHORT_SECRET = /pass|pwd|sess(?:ion)?[-_]?id/i;
const ASSIGNED = /[:=]/;
/** Not in a sentence: there a blank follows. */
const GLUED = /=$/;
const MIN_GLUED_CHARACTERS = 4;
/** The beginning of an option's name, before the part that makes it a secret. */
const OPTION = /(?<![\w-])-{1,2}[\w-]{0,40}$/;
const END_OF_VALUE = /[\s"'&;,<>`]/g;
/** Not "Basic chemistry": base64 of a credential has a digit or a mark in it. */
const SCHEME = /(?<![\w-])(?:bearer|basic(?= +[a-z]*[\d=+/])) +[\w.~+/=-]{8,}/gi;
const UNFINISHED_SCHEME = /(?<![\w-])(?:bearer|basic) {1,9}([\w.~+/=-]+)$/i;
/** Session tokens and the operator's: three parts, the last an HMAC of 43 characters. */
const TOKEN = /(?<![\w-])[\w-]{10,16}\.[\w-]{12,16}\.[\w-]{43}(?![\w-])/g;
const UNFINISHED_TOKEN = /(?<![\w-])[\w-]{10,16}\.[\w-]{0,16}(?:\.[\w-]{0,43})?$/;

/** Three parts or five (RFC 7519, 7516); the first is JSON, which begins with `{"`. */
const JSON_WEB_TOKEN = /(?<![\w-])eyJ[\w-]+(?:\.[\w-]*){1,4}/g;
const JSON_WEB_TOKEN_START = /(?<![\w-])eyJ/;
const JSON_WEB_TOKEN_CHARACTER = /[\w.-]/;
/** A part of a path that is long enough for a secret. */
const LONG_PART = /[\w-]{20,}/g;
const UNFINISHED_PART = /(?<![\w-])[\w-]+$/;
/** Short ones too where the part before says what it is: `/token/abcdefgh`. */
const NAMED_PART = new RegExp(
  `((?:${SECRET_NAME}|${COMMON_SECRET_NAME})s?(?:\\\\{0,4}/|%(?:25)*2f))([^/?#%\\\\]{8,})`,
  'gi',
);
/** What a link shares with those who have it, `/s/…`: hidden if it looks random, also without a host before it. */
const SHARED_PART = new RegExp(
  `(/(?:${SECRET_NAME}|${COMMON_SECRET_NAME}|s|t|share|signed|private)s?/)([\\w-]{10,})`,
  'gi',
);
const UNFINISHED_SHARED_PART = new RegExp(
  `/(?:${SECRET_NAME}|${COMMON_SECRET_NAME}|s|t|share|signed|private)s?/[\\w-]+$`,
  'i',
);
/** A login without a scheme before it, as for a proxy: `name:password@host`. */
const BARE_LOGIN = /^[\w.+-]{1,64}:[^\s/@]{1,256}(?=@[\w.-]*(?::\d*)?(?:\/|$))/;
const UNFINISHED_LOGIN = /^[\w.+-]{1,64}:([^\s/@:]{4,256})$/;
/** `-u name:password`, as of curl. */
const LOGIN_OPTION = /(?<![\w-])((?:-u|--(?:proxy-)?user)[ =]["']?[^\s:"']{1,64}:)([^\s"']{1,256})/g;

/** Makes the replacement of a secret of that length. A mask keeps the length, so that offsets in a recording stay valid. */
type Hide = (length: number) => string;

const withStars: Hide = (length) => '*'.repeat(length);
const withThreeStars: Hide = (length) => (length === 0 ? '' : '***');

/** For text that is displayed: each secret becomes `***`. */
export function redact(text: string): string {
  if (text.length < 8 || !/[/?#@%\\=:.]|bearer|basic|-/i.test(text)) return text;
  // The whole text is one address; its query may contain blanks and quotes.
  const isAddress = /^\s*[a-z][a-z0-9+.-]{0,30}:\/\/[^\n]*$/i.test(text);
  return hideAll(isAddress ? hideInAddress(text, withThreeStars) : text, withThreeStars);
}

/**
 * For text whose length must not change: each secret becomes as many stars.
 * @param isOpen more text may follow: what could be the beginning of a secret at the end is hidden too
 */
export function mask(text: string, isOpen = false): string {
  const masked = hideAll(text, withStars, isOpen);
  return isOpen ? hideUnfinished(masked) : masked;
}

/** Whether a field of that name holds a secret, whatever its value. */
export function isSecretName(name: string): boolean {
  return name.length > 2 && IS_SECRET_NAME.test(name);
}

function hideAll(text: string, hide: Hide, isOpen = false): string {
  const inFields = hideFields(text, hide, isOpen).replace(
    LOGIN_OPTION,
    (_, before: string, password: string) => before + hide(password.length),
  );
  const inWords = inFields.replace(WORD, (word) =>
    SUSPICIOUS.test(word) ? hideInAddress(word, hide) : word,
  );
  return inWords
    .replace(SCHEME, (found) => {
      const value = found.lastIndexOf(' ') + 1;
      return found.slice(0, value) + hide(found.length - value);
    })
    .replace(TOKEN, (found) => hide(found.length))
    .replace(JSON_WEB_TOKEN, (found) => hide(found.length));
}

/** Hides everything after the path, and user names before hosts, in a word or in a text that is one address. */
function hideInAddress(word: string, hide: Hide): string {
  const isAddress = SLASHES.test(word);
  const cuts = [QUERY, FRAGMENT].flatMap((separator) => {
    const found = separator.exec(word);
    if (found === null) return [];
    const start = found.index + found[0].length;
    return isAddress || EQUALS.test(word.slice(start)) ? [start] : [];
  });
  const from = Math.min(...cuts, word.length);
  const shown = hideUsers(word.slice(0, from), hide);
  return (
    (isAddress ? hideInPath(shown, hide) : hideInPart(shown, hide)) +
    (from < word.length ? hide(word.length - from) : '')
  );
}

/** In a path without a host, and in a login. */
function hideInPart(part: string, hide: Hide): string {
  return part
    .replace(BARE_LOGIN, (login) => hide(login.length))
    .replace(SHARED_PART, (_, name: string, value: string) =>
      looksRandom(value) ? name + hide(value.length) : name + value,
    );
}

function hideInPath(address: string, hide: Hide): string {
  return hideInPart(address, hide)
    .replace(LONG_PART, (part) => (looksRandom(part) ? hide(part.length) : part))
    .replace(NAMED_PART, (_, name: string, value: string) => name + hide(value.length));
}

/**
 * In base64 and hex more than two characters of five stand beside one of another kind (a digit, a small letter followed by a
 * capital); in words and in names of releases, such as `S01E02-1080p-x265`, fewer do, or no piece of them is long.
 */
function looksRandom(part: string): boolean {
  if (!/\d/.test(part) || !/[^_-]{10}/.test(part)) return false;
  const changes = part.match(/(?<=[a-z])[A-Z]|(?<=[A-Za-z])\d|(?<=\d)[A-Za-z]/g)?.length ?? 0;
  return changes * 6 >= part.length;
}

/** Handles several: archives and proxies have a second address in the path of the first. */
function hideUsers(text: string, hide: Hide): string {
  return text.replace(AUTHORITY, (_, slashes: string, authority: string) => {
    const at = [...authority.matchAll(AT)].at(-1);
    return slashes + (at === undefined ? authority : hide(at.index) + authority.slice(at.index));
  });
}

/** `Name: value` and similar: a header's value ends with its line or quotes, another field's at the next separator. */
function hideFields(text: string, hide: Hide, isOpen: boolean): string {
  let out = '';
  let done = 0;
  SECRET_FIELD.lastIndex = 0;
  for (let found = SECRET_FIELD.exec(text); found !== null; found = SECRET_FIELD.exec(text)) {
    let start = found.index + found[0].length;
    const isHeader = HEADER.test(found[0]);
    const isOption = OPTION.test(text.slice(Math.max(done, found.index - 42), found.index));
    const quote = /\\*["']/y;
    quote.lastIndex = start;
    const mark = quote.exec(text)?.[0] ?? '';
    start += mark.length;
    const isField = isOption || ASSIGNED.test(found[0]);
    const end = isField ? endOfField(text, start, mark, isHeader) : start;
    // Short values of such fields are more often counts and words than secrets.
    const isGlued = GLUED.test(found[0]) && end - start >= MIN_GLUED_CHARACTERS;
    const isLong =
      isHeader ||
      isOption ||
      SHORT_SECRET.test(found[0]) ||
      end - start >= 8 ||
      (isGlued && /\D/.test(text.slice(start, end)));
    if (isField && (isLong || (isOpen && end === text.length))) {
      out += text.slice(done, start) + hide(end - start);
      done = end;
    }
    SECRET_FIELD.lastIndex = Math.max(end, found.index + 1);
  }
  return out + text.slice(done);
}

function endOfField(text: string, start: number, quote: string, isHeader: boolean): number {
  if (quote !== '') {
    for (let at = text.indexOf(quote, start); at !== -1; at = text.indexOf(quote, at + 1)) {
      // With more backslashes before it, the quote is part of the value.
      if (text[at - 1] !== '\\') return at;
    }
    return text.length;
  }
  const ends = isHeader ? /[\r\n]/g : END_OF_VALUE;
  ends.lastIndex = start;
  return ends.exec(text)?.index ?? text.length;
}

/** Hides the last word of a stream that continues, where it may be an unfinished secret. */
function hideUnfinished(text: string): string {
  const start =
    Math.max(...['\n', '\r', '\t', ' ', '"', '<', '>', '`'].map((end) => text.lastIndexOf(end))) + 1;
  const word = text.slice(start);
  const last = [...word.matchAll(AUTHORITY)].at(-1);
  if (last !== undefined && last.index + last[0].length === word.length) {
    // Until its end arrives, a host may turn out to be a user name.
    const hidden = last[2]?.length ?? 0;
    return text.slice(0, text.length - hidden) + withStars(hidden);
  }
  const begun =
    UNFINISHED_SCHEME.exec(text)?.[1] ??
    UNFINISHED_TOKEN.exec(word)?.[0] ??
    unfinishedJsonWebToken(word) ??
    (SLASHES.test(word) || UNFINISHED_SHARED_PART.test(word) ? UNFINISHED_PART.exec(word)?.[0] : undefined) ??
    UNFINISHED_LOGIN.exec(word)?.[1] ??
    '';
  return text.slice(0, text.length - begun.length) + withStars(begun.length);
}

/**
 * The JSON web token that a word ends in, from its beginning. `/eyJ[\w.-]*$/` would take quadratic time: 64 kB of `.eyJ` took
 * 0.9 s.
 */
function unfinishedJsonWebToken(word: string): string | undefined {
  let start = word.length;
  while (start > 0 && JSON_WEB_TOKEN_CHARACTER.test(word.charAt(start - 1))) start--;
  const end = word.slice(start);
  const found = JSON_WEB_TOKEN_START.exec(end);
  return found === null ? undefined : end.slice(found.index);
}
