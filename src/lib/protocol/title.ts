const TITLE_CHARS = 300;

/** A title as one line of bounded length, without characters that reorder or hide text: titles are untrusted. */
export function cleanTitle(title: string): string {
  return title
    .slice(0, TITLE_CHARS)
    .toWellFormed()
    .replace(/[\p{Z}\t\n\r]+/gu, ' ')
    .replace(/[\p{Cc}\u061C\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu, '')
    .trim();
}

/** A title as a file name; some sites keep the extension in their titles. @param ext without its dot; `''` = none */
export function titledName(title: string, ext: string): string {
  return ext === '' || title.toLowerCase().endsWith(`.${ext.toLowerCase()}`) ? title : `${title}.${ext}`;
}
