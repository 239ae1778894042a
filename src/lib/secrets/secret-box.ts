/**
 * Seals what a list keeps secret: AES-256-GCM with the server's key, which is not in the store. The list, the name and the site are
 * authenticated too, so that a row that was copied elsewhere, or got another site, does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SluiceError } from '../protocol/error.ts';
import type { SiteSignIn } from '../protocol/secret.ts';

/** Source: NIST SP 800-38D, section 8.2.2: random, so at most 2^32 for one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

export interface SecretPlace {
  session: string;
  name: string;
  site: string;
}

export interface SecretKey {
  /** null = there is none, or it cannot be used. */
  read(): Uint8Array | null;
  /** Makes one where there is none. @throws SluiceError `secret_key_unusable` */
  readOrMake(): Uint8Array;
}

export class SecretBox {
  readonly #key: SecretKey;

  constructor(key: SecretKey) {
    this.#key = key;
  }

  /** @throws SluiceError `secret_key_unusable` */
  seal(place: SecretPlace, signIn: SiteSignIn): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key.readOrMake(), iv).setAAD(aad(place));
    const sealed = [iv, cipher.update(JSON.stringify(signIn), 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${VERSION}.${Buffer.concat(sealed).toString('base64url')}`;
  }

  /** @throws SluiceError `secret_unreadable`: sealed with another key, for another place, or damaged */
  open(place: SecretPlace, sealed: string): SiteSignIn {
    const [version, text = ''] = sealed.split('.');
    const bytes = Buffer.from(text, 'base64url');
    const key = this.#key.read();
    try {
      if (version !== VERSION || key === null || bytes.length < IV_BYTES + TAG_BYTES) throw new Error();
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(aad(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const opened = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
      return JSON.parse(Buffer.concat([opened, decipher.final()]).toString()) as SiteSignIn;
    } catch {
      throw new SluiceError(
        'secret_unreadable',
        `The sign-in ${place.name} for ${place.site} was stored with another key: set it again.`,
      );
    }
  }

  canOpen(place: SecretPlace, sealed: string): boolean {
    try {
      this.open(place, sealed);
      return true;
    } catch {
      return false;
    }
  }
}

function aad({ session, name, site }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([VERSION, session, name, site]));
}
