/** Info JSONs that are slow to read, or once were: at least so many characters of each. */
import { repeated } from '../../support/scaling.ts';

export const VIDEO = '{"format_id":"v\u0001","ext":"flv","vcodec":"x","acodec":"none","height":\u0001},';
export const SOUND = '{"format_id":"a\u0001","ext":"m4a","vcodec":"none","acodec":"x"},';

export const WORST_INFOS: Record<string, (size: number) => string> = {
  'lists in lists': (n) => `{"x":${repeated('[', n / 2)}${repeated(']', n / 2)}}`,
  'objects in objects': (n) => `{"x":${repeated('{"x":', n)}`,
  'empty objects': (n) => `{"x":[${repeated('{},', n)}0]}`,
  'other names': (n) => `{${repeated('"k\u0001":0,', n)}"x":0}`,
  'the same name': (n) => `{${repeated('"title":"t",', n)}"x":0}`,
  'a long title': (n) => `{"title":"${repeated('x', n)}"}`,
  'a title of escapes': (n) => `{"title":"${repeated('\\u0041', n)}"}`,
  'backslashes in a text': (n) => `{"title":"${repeated('\\\\', n)}"}`,
  'a text without an end': (n) => `{"title":"${repeated('\\"', n)}`,
  blanks: (n) => `{${repeated(' \n', n)}"x":0}`,
  'a long number': (n) => `{"formats":[{"height":${repeated('9', n)}}]}`,
  'pictures, then sounds': (n) => `{"formats":[${repeated(VIDEO, n / 2)}${repeated(SOUND, n / 2)}{}]}`,
  sounds: (n) => `{"formats":[${repeated(SOUND, n)}{}]}`,
  'formats that are none': (n) => `{"formats":[${repeated('0,', n)}0]}`,
  'entries with formats': (n) => `{"entries":[${repeated(`{"id":"\u0001","formats":[${VIDEO}{}]},`, n)}{}]}`,
  'entries without': (n) =>
    `{"entries":[${repeated('{"_type":"url","url":"https://x.example/\u0001"},', n)}{}]}`,
  'entries that are none': (n) => `{"entries":[${repeated('null,', n)}0]}`,
  'long titles of entries': (n) =>
    `{"entries":[${repeated(`{"url":"https://x.example/","title":"${'t'.repeat(5000)}"},`, n)}{}]}`,
  'hosts in Chinese': (n) =>
    `{"entries":[${repeated(`{"url":"https://${'\u4e00\u4e8c'.repeat(125)}\u0001/"},`, n)}{}]}`,
};
