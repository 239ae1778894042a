/** Pages that a page shows in frames: each once. Pure. */
import type { ReferrerPolicy } from '../../protocol/referrer-policy.ts';
import { MAX_FRAMES } from '../limits.ts';
import type { PageFrame } from './page-scan.ts';

export class PageFrames {
  readonly #frames = new Map<string, PageFrame>();

  /** @param address null = none that may be fetched */
  add(address: URL | null, policy: ReferrerPolicy | null = null): void {
    if (address === null || this.#frames.size >= MAX_FRAMES || this.#frames.has(address.href)) return;
    const referrerPolicy = policy === null ? {} : { referrerPolicy: policy };
    this.#frames.set(address.href, { url: address.href, ...referrerPolicy });
  }

  get list(): PageFrame[] {
    return [...this.#frames.values()];
  }
}
