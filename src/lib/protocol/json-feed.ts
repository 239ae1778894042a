/** The version that makes a feed of JSON (https://www.jsonfeed.org/version/1.1/), which is in its first kB. */
const VERSION = /"https?:\\?\/\\?\/jsonfeed\.org\\?\/version\\?\/1/;

/** @param start of the text, without blanks before it */
export function beginsAsJsonFeed(start: string): boolean {
  return start.startsWith('{') && VERSION.test(start);
}
