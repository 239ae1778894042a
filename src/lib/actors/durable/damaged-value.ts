import { SluiceError } from '../../protocol/error.ts';

/** A stored value is not what was written. Only this value is affected: the object may replace or delete it. */
export class DamagedValue extends SluiceError {
  readonly key: string;
  /** What is stored, as far as it can be read; null = no text. */
  readonly text: string | null;

  constructor(key: string, text: string | null) {
    super('row_damaged', 'A stored value is damaged.');
    this.key = key;
    this.text = text;
  }
}

/** For the log: the page's text says nothing of keys. */
export function damageOf(key: string): SluiceError {
  return new SluiceError(
    'row_damaged',
    `The stored value ${key} is damaged: it is replaced, and kept in the store.`,
  );
}
