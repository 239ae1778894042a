/** Whether an answer has words for a person where the bytes of a file were: a login page, `Link expired`. Pure. */
import { binaryKind } from './binary.ts';

/** https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type, behind a mark and blanks. */
const PAGE =
  /^(?:\xef\xbb\xbf)?[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)(?:[ >]|--)/i;

/** @param start the first bytes, a character for each */
export function beginsAsPage(start: string): boolean {
  return PAGE.test(start);
}

/**
 * @param sent the first bytes of the answer
 * @param saved those of the file
 */
export function isWordsInstead(sent: Buffer, saved: Buffer): boolean {
  const [answer, file] = [sent.toString('latin1'), saved.toString('latin1')];
  if (answer === '') return false;
  if (beginsAsPage(answer)) return !beginsAsPage(file);
  return binaryKind(file, null) !== null && binaryKind(answer, null) === null;
}
