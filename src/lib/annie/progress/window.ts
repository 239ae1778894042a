/** A zero, and what a read of 8 bytes that begins at it may touch. */
const SLACK_BYTES = 16;

/** Bytes for a reader that looks at several of them at once, with a zero after the last one, where all readers stop. */
export class Window {
  readonly bytes: Buffer;
  readonly view: DataView;

  /** @param capacity bytes */
  constructor(capacity: number) {
    this.bytes = Buffer.alloc(capacity + SLACK_BYTES);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }
}
