/** Builds the columns of a media playlist. Pure. */
import { SluiceError } from '../../protocol/error.ts';
import { shortHash } from '../../protocol/short-hash.ts';
import { MAX_ADDRESS_BYTES, MAX_FRAGMENTS } from '../limits.ts';
import type { Fragment, Fragments } from './fragments.ts';
import { TextColumnBuilder } from './text-column.ts';

/** A fragment as the playlist has it. */
export type PlaylistFragment = Omit<Fragment, 'url' | 'key'> & {
  address: string;
  key: { address: string; iv: string | null } | null;
};

export class FragmentsBuilder {
  readonly #addresses = new TextColumnBuilder();
  readonly #keys = new TextColumnBuilder();
  /** By text. */
  readonly #keyIndices = new Map<string, number>();
  readonly #fragments: Omit<PlaylistFragment, 'address' | 'key'>[] = [];
  readonly #keyOf: number[] = [];
  /** Index of each fragment's address among the distinct ones. */
  readonly #fileOf: number[] = [];
  readonly #fileIndices = new Map<string, number>();
  readonly #paths: string[] = [];

  get count(): number {
    return this.#fragments.length;
  }

  /** @throws SluiceError `too_complex` past 100,000 fragments, or 16 MiB of addresses */
  add({ address, key, ...fragment }: PlaylistFragment): void {
    if (this.count === MAX_FRAGMENTS) throw tooManyFragments();
    this.#addresses.add(address);
    this.#fragments.push(fragment);
    if (!this.#fileIndices.has(address)) this.#fileIndices.set(address, this.#fileIndices.size);
    this.#fileOf.push(this.#fileIndices.get(address) ?? 0);
    this.#paths.push(address.replace(/[?#].*$/s, ''));
    this.#keyOf.push(key === null ? -1 : this.#indexOf(`${key.iv ?? ''} ${key.address}`));
    // Variables make a long text of a short one.
    if (this.#addresses.length + this.#keys.length > MAX_ADDRESS_BYTES) throw tooLongAddresses();
  }

  build(base: string): Fragments {
    const all = this.#fragments;
    const hasRanges = all.some(({ range }) => range !== null);
    const seconds = Float64Array.from(all, ({ durationSeconds }) => durationSeconds);
    return {
      count: this.count,
      totalSeconds: seconds.reduce((sum, each) => sum + each, 0),
      fingerprint: this.#fingerprint(),
      addressHash: shortHash([base.replace(/[?#].*$/s, ''), ...this.#paths].join('\n')),
      base,
      addresses: this.#addresses.build(),
      seconds,
      sequences: Float64Array.from(all, ({ sequence }) => sequence),
      ranges: hasRanges
        ? Float64Array.from(all.flatMap(({ range }) => [range?.start ?? NaN, range?.end ?? NaN]))
        : null,
      keys: this.#keys.build(),
      discontinuities: all.some(({ isDiscontinuous }) => isDiscontinuous === true)
        ? Uint8Array.from(all, ({ isDiscontinuous }) => (isDiscontinuous === true ? 1 : 0))
        : null,
      keyIndices: this.#keys.count > 0 ? Int32Array.from(this.#keyOf) : null,
    };
  }

  #fingerprint(): string {
    const shape = this.#fragments.map(({ durationSeconds, range }, i) => [
      durationSeconds,
      range === null ? null : [range.start, range.end, this.#fileOf[i]],
      this.#keyOf[i] === -1,
    ]);
    return `${this.count} ${shortHash(JSON.stringify(shape))}`;
  }

  #indexOf(key: string): number {
    const known = this.#keyIndices.get(key);
    if (known !== undefined) return known;
    const index = this.#keys.count;
    this.#keys.add(key);
    this.#keyIndices.set(key, index);
    return index;
  }
}

export function tooManyFragments(): SluiceError {
  return new SluiceError('too_complex', `The manifest has over ${MAX_FRAGMENTS} fragments.`);
}

export function tooLongAddresses(): SluiceError {
  return new SluiceError('too_complex', 'The addresses of the manifest are too long altogether.');
}
