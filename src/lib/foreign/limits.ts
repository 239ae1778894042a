/** How much of a stranger's text is read, and how much may come of it. With each the honest input that it leaves room for. */

/** Of a page; the largest of a list of well known sites have 2 MB. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** Of an HLS playlist: ten hours in pieces of 2 s, each with a signed address of 300 characters, have 5.6 MB. */
export const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;
/** Of yt-dlp's info JSON: `-J` of a channel with 200 opened entries stays below. */
export const MAX_INFO_BYTES = 64 * 1024 * 1024;
/** Of lux's listing: an album of 500 pictures has 100 kB. */
export const MAX_LISTING_BYTES = 16 * 1024 * 1024;

/** Of a media playlist: a day in pieces of 1 s has 86,400. All of them become objects in the main thread, in 50 ms. */
export const MAX_FRAGMENTS = 100_000;
/** Of a master playlist, best first: more nobody looks through. */
export const MAX_VARIANTS = 500;

/** A gallery of some hundreds is listed whole; a list of more nobody reads to its end. */
export const MAX_GROUPS = 500;
/** Each is a request to a server that never asked for it: no more than 50 players with 12 sources each would cost. */
export const MAX_ADDRESSES = 600;
export const MAX_SOURCES = 12;
/** All of the list goes over a socket that is closed with 1 MiB unread: a third of that, for a character may be 3 bytes. */
export const MAX_PAGE_CHARS = 320 * 1024;
export const MAX_TITLE_CHARS = 300;
/** What is looked at of a link's text, blanks and all, for its title. */
export const MAX_TEXT_CHARS = 16 * 1024;
/** Braces, brackets, commas and colons of a page's structured data: honest ones have some hundreds. */
export const MAX_STRUCTURED_MARKS = 100_000;
/** Deeper than any that was seen. */
export const MAX_STRUCTURED_DEPTH = 12;

/** A page can hold a channel of thousands: yt-dlp is asked for so many items, and one more to see that there are. */
export const MAX_ITEMS = 200;
/** Of a listing that an engine made: items past them are left out. 200 opened entries have some 400,000. */
export const MAX_LISTED_CHARS = 512 * 1024;
/** Of an item: one for each height, extension and bit rate makes some dozens. */
export const MAX_STREAMS = 200;
/** Of an item before the best are chosen: no site has so many. */
export const MAX_FORMATS = 5_000;
/** Five times what yt-dlp is asked for, for what is odd among them is left out. */
export const MAX_ENTRIES = 1_000;
/** Of lux: a list of its is a few videos of one page. */
export const MAX_LUX_ENTRIES = 10_000;
/** Of one stream of lux: a day of HLS in pieces of 1 s has 86,400. */
export const MAX_PARTS = 100_000;
/** Of an album that lux lists. */
export const MAX_ALBUM = 500;
/** Of a site's own words: a title, a name. */
export const MAX_WORD_CHARS = 1_000;
export const MAX_QUALITY_CHARS = 100;
export const MAX_EXT_CHARS = 16;
/** As `selectorOf` takes them, two of which make an id. */
export const MAX_FORMAT_ID_CHARS = 120;
/** As an add takes them (`protocol/command.ts`). */
export const MAX_STREAM_ID_CHARS = 256;
/** Values that are kept of an engine's JSON: of 200 entries with 60 formats each some 180,000, of a day in pieces 300,000. */
export const MAX_JSON_VALUES = 1_000_000;
/** Of one text in it: longer ones count as not there. */
export const MAX_JSON_TEXT = 64 * 1024;
/** Info JSONs that are kept of one listing: a person picks one or a few. */
export const MAX_KEPT_INFOS = 20;
/** Of one of them: a film with captions in a hundred languages has 2 MB. */
export const MAX_KEPT_INFO_BYTES = 4 * 1024 * 1024;

/** Of an engine's last words: so many lines from the end, so much of each at either end. */
export const MAX_ERROR_LINES = 50;
export const MAX_ERROR_CHARS = 2_000;

/**
 * What resolving the addresses of one text may cost, in characters looked at: ten hours with signed addresses are 11
 * million, a day in pieces of 1 s is 53. A short text can ask for much: all is resolved against a base of up to 8 kB.
 */
export const MAX_RESOLVED_CHARS = 128 * 1024 * 1024;
/** The same for a page: 100,000 links of ordinary length. */
export const MAX_PAGE_RESOLVED_CHARS = 16 * 1024 * 1024;
