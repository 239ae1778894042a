/** Whether an answer has words for a person where the bytes of a file were: a login page, `Link expired`. Pure. */
import { beginsAsPage } from '../../../protocol/text-kind.ts';
import { binaryKind } from './binary.ts';

/**
 * @param sent the first bytes of the answer
 * @param saved those of the file
 */
export function isTextInstead(sent: Buffer, saved: Buffer): boolean {
  const [answer, file] = [sent.toString('latin1'), saved.toString('latin1')];
  if (answer === '') return false;
  if (beginsAsPage(answer)) return !beginsAsPage(file);
  return binaryKind(file, null) !== null && binaryKind(answer, null) === null;
}
