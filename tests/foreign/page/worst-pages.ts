/** Pages that are slow to read, or once were: at least so many characters of each. */
import { repeated } from '../../support/scaling.ts';

export const LD = '<script type="application/ld+json">';

export const WORST_PAGES: Record<string, (size: number) => string> = {
  'open tags': (n) => repeated('<b>', n),
  'open tags, then others that are closed': (n) => repeated('<b>', n / 2) + repeated('</i>', n / 2),
  'open tags of other names': (n) => repeated('<b\u0001>', n / 2) + repeated('</b\u0001>', n / 2),
  'open forms': (n) => repeated('<form>', n),
  'open paragraphs': (n) => repeated('<p>', n / 2) + repeated('<li>', n / 2),
  'nested drawings': (n) => repeated('<svg>', n / 2) + repeated('<foreignObject>', n / 2),
  'drawings closed at once': (n) => repeated('<svg/><title/>', n),
  'players, one in the other': (n) => repeated('<video src=v\u0001.mp4>', n),
  'sources of one player': (n) => `<video>${repeated('<source src=v\u0001.mp4>', n)}`,
  'players of one address': (n) => repeated('<video src=v.mp4></video>', n),
  'links, one in the other': (n) => repeated('<a href=v\u0001.mp4>t', n),
  'links under a long base': (n) =>
    `<base href="/${'x'.repeat(8000)}/">${repeated('<a href=v\u0001.mp4>', n)}`,
  'a base that is the longer half': (n) =>
    `<base href="/${'x'.repeat(n / 2)}/">${repeated('<a href=v.mp4>', n / 2)}`,
  'many bases': (n) => repeated(`<base href="${'x'.repeat(100)}\u0001">`, n),
  'attributes of one tag': (n) => `<a ${repeated('a\u0001=1 ', n)}>`,
  'attributes of one name': (n) => `<a ${repeated('href=1 ', n)}>`,
  'an attribute of entities': (n) => `<a href="${repeated('&amp;', n)}.mp4">`,
  'entities that are none': (n) => repeated('&a&#&#x', n),
  'a number without an end': (n) => `&#${repeated('0', n)}`,
  'comments that begin': (n) => repeated('<!--', n),
  'comments that nearly end': (n) => `<!--${repeated('--!-', n)}`,
  'tags that begin': (n) => repeated('<', n),
  'a script that nearly ends': (n) => `<script>${repeated('</scrip', n)}`,
  'a title that nearly ends': (n) => `<title>${repeated('</titl&', n)}`,
  'titles of blanks': (n) => repeated(`<video src=v.mp4 title="${' '.repeat(100)}x">`, n),
  'one title of blanks': (n) => `<title>${repeated(' \n', n)}x</title>`,
  'structured data that is nested': (n) => `${LD}${repeated('[', n / 2)}${repeated(']', n / 2)}</script>`,
  'structured data of empty objects': (n) => `${LD}[${repeated('{},', n)}{}]</script>`,
  'structured data of other names': (n) => `${LD}{${repeated('"k\u0001":0,', n)}"a":0}</script>`,
  'small scripts of structured data': (n) =>
    repeated(`${LD}{"@type":"VideoObject","contentUrl":"a\u0001"}</script>`, n),
  'hosts in Chinese': (n) => repeated(`<a href="http://${'\u4e00\u4e8c\u4e09'.repeat(80)}\u0001/v.mp4">`, n),
  'sizes of digits': (n) => `<video><source src=${'1'.repeat(200)}.mp4 size="${repeated('1', n)}">`,
  'a script of quotes': (n) => `<script>${repeated('"', n)}`,
  'a script of quotes that differ': (n) => `<script>${repeated(`"'`, n)}`,
  'a script of strings': (n) => `<script>${repeated('"v\u0001.mp4",', n)}`,
  'a script of strings without end': (n) => `<script>${repeated(`"${'x'.repeat(3000)}\``, n)}`,
  'a script of backslashes': (n) => `<script>"${repeated('\\\\', n)}`,
  'many scripts': (n) => repeated('<script>"a.mp4"</script>', n),
  frames: (n) => repeated('<iframe src=f\u0001></iframe>', n),
  refreshes: (n) => repeated('<meta http-equiv=refresh content="0;url=a\u0001">', n),
  'a refresh of blanks': (n) => `<meta http-equiv=refresh content="0${repeated(' ', n)}">`,
  'files of a folder': (n) => `<title>Index of /</title>${repeated('<a href=f\u0001>', n)}`,
  microdata: (n) => repeated('<meta itemprop=contentUrl content=v\u0001.mp4>', n),
  preloads: (n) => repeated('<link rel="a preload" as=video href=v\u0001.mp4>', n),
  'a relation of blanks': (n) => `<link as=video href=v.mp4 rel="${repeated(' a', n)}">`,
  'addresses and configurations in data-': (n) =>
    repeated(`<p data-video=v\u0001.mp4 data-config='{"a":"w\u0001.mp4"}' onclick="f('\u0001.mp4')">`, n),
  'data- of no media': (n) => repeated('<p data-url=/a\u0001 data-config=[] onclick=f(1)>', n),
  'structured data of players': (n) =>
    repeated(`${LD}{"@type":"VideoObject","embedUrl":"a\u0001"}</script>`, n),
  'names in queries': (n) => repeated('<a href="get?a=1&b=2&f=v\u0001.mp4">', n),
  'a path of digits': (n) => `<video src="${repeated('1234', n)}.mp4">`,
};
