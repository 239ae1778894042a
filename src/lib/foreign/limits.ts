/** How much untrusted text is read, and how much may come of it, each with the honest input that it leaves room for. */

/** Of a page; the largest of well-known sites have 2 MB. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** Of an HLS playlist: ten hours in fragments of 2 s, each with a signed address of 300 characters, have 5.6 MB. */
export const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;
/** Of yt-dlp's info JSON: `-J` of a channel with 200 opened entries stays below. */
export const MAX_INFO_BYTES = 64 * 1024 * 1024;
/** Of lux's listing: an album of 500 pictures has 100 kB. */
export const MAX_LISTING_BYTES = 16 * 1024 * 1024;

/** A text that a process is kept for, so that it waits for no long one: most pages and all playlists of a video. */
export const MAX_SMALL_BYTES = 1024 * 1024;
/** Of all texts that wait to be read: those of 8 downloads of ten hours, with separate audio, have 90 MB. */
export const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** Of all pages and manifests that are being received: 16 of the longest, or hundreds of ordinary ones. */
export const MAX_RECEIVED_BYTES = 256 * 1024 * 1024;

/** Of a media playlist: a day in fragments of 1 s has 86,400. */
export const MAX_FRAGMENTS = 100_000;
/**
 * Of a media playlist, in UTF-8: all that its text can hold. With the other columns a download keeps at most 20 MiB for each of
 * its two tracks, outside the heap: 320 MiB for 8 downloads of the largest playlists, 160 MB for those of a day.
 */
export const MAX_ADDRESS_BYTES = MAX_PLAYLIST_BYTES;
/** Of a master playlist, the best: nobody looks through more. */
export const MAX_VARIANTS = 500;

/** A gallery of some hundreds is listed whole; nobody reads a longer list. */
export const MAX_GROUPS = 500;
/** Each is a request to another server: no more than 50 players with 12 sources each. */
export const MAX_ADDRESSES = 600;
export const MAX_SOURCES = 12;
/** The list goes over a socket that is closed with 1 MiB unsent: a third of that, as a character may take 3 bytes. */
export const MAX_PAGE_CHARS = 320 * 1024;
export const MAX_TITLE_CHARS = 300;
/** Of a link's text, blanks included, for its title. */
export const MAX_TEXT_CHARS = 16 * 1024;
/** Of media in the scripts of a page: a player's configuration has some, a library's none. */
export const MAX_SCRIPT_ADDRESSES = 50;
/** Players of other pages in one page: more are advertisements. */
export const MAX_FRAMES = 4;
/** Values of a JSON Feed: some 5,000 episodes of 40 each. Half a second to parse. */
export const MAX_FEED_MARKS = 400_000;
/** Braces, brackets, commas and colons of a page's structured data: honest ones have some hundreds. */
export const MAX_STRUCTURED_MARKS = 100_000;
/** Honest structured data is not that deep. */
export const MAX_STRUCTURED_DEPTH = 12;

/** Of one page of a list: yt-dlp is asked for this many items, and one more to see whether there are more. */
export const MAX_ITEMS = 200;
/** Of one page of a list, as JSON: it goes over a socket that is closed with 1 MiB unsent. 200 ordinary entries have 100 kB. */
export const MAX_LIST_PAGE_BYTES = 256 * 1024;
/** Of one list, over all its pages: channels with more are rare, and each page takes yt-dlp longer than the one before. */
export const MAX_LIST_ITEMS = 5_000;
/** Of a channel that holds tabs that hold lists. */
export const MAX_LIST_LEVELS = 3;
/** Lists that wait to be opened, of one address: a channel shows some dozens. */
export const MAX_PENDING_LISTS = 50;
/** Of an engine's listing: further items are left out. 200 opened entries have some 400,000. */
export const MAX_LISTED_CHARS = 512 * 1024;
/** Of an item: one for each height, extension and bit rate makes some dozens. */
export const MAX_STREAMS = 200;
/** Of an item, before the best are chosen: no site has so many. */
export const MAX_FORMATS = 5_000;
/** Five times what yt-dlp is asked for, as invalid ones are left out. */
export const MAX_ENTRIES = 1_000;
/** Of a listing of lux, which has a few videos of one page. */
export const MAX_LUX_ENTRIES = 10_000;
/** Of one stream of lux: a day of HLS in fragments of 1 s has 86,400. */
export const MAX_PARTS = 100_000;
/** Of an album that lux lists. */
export const MAX_ALBUM_ITEMS = 500;
/** Of a title or a name. */
export const MAX_NAME_CHARS = 1_000;
export const MAX_QUALITY_CHARS = 100;
export const MAX_EXT_CHARS = 16;
/** As `selectorOf` accepts them; two of them make a stream id. */
export const MAX_FORMAT_ID_CHARS = 120;
/** As the add command accepts them (`protocol/commands.ts`). */
export const MAX_STREAM_ID_CHARS = 256;
/** Of an engine's JSON: 200 entries with 60 formats each have some 180,000, a day in fragments of 1 s 300,000. */
export const MAX_JSON_VALUES = 1_000_000;
/** Of one string in it, in bytes: longer ones are null. */
export const MAX_JSON_TEXT = 64 * 1024;
/** Info JSONs that are cached of one listing: a person picks one or a few. */
export const MAX_KEPT_INFOS = 20;
/** Of one of them: a video with captions in a hundred languages has 2 MB. */
export const MAX_KEPT_INFO_BYTES = 4 * 1024 * 1024;
/** Of all of one listing: 20 ordinary ones have 10 MB. */
export const MAX_KEPT_INFOS_BYTES = 16 * 1024 * 1024;

/** Of an engine that is a program of the operator (docs/engines.md): lines of a listing, of which each item takes one. */
export const MAX_PROGRAM_LINES = 10_000;
/** Of one of them, in bytes: 200 streams have 40 kB. */
export const MAX_PROGRAM_LINE_BYTES = 256 * 1024;

/** Of an engine's error lines: the last lines, and the characters kept at each end of one. */
export const MAX_ERROR_LINES = 50;
export const MAX_ERROR_CHARS = 2_000;

/**
 * Cost of resolving the addresses of one text, in characters: ten hours with signed addresses are 11 million, a day in
 * fragments of 1 s is 53 million. A short text can cost much, as the base may have 8 kB.
 */
export const MAX_RESOLVED_CHARS = 128 * 1024 * 1024;
/** The same for a page: 100,000 links of ordinary length. */
export const MAX_PAGE_RESOLVED_CHARS = 16 * 1024 * 1024;
