/**
 * How much is begun in one turn of the event loop. libuv takes in one new connection a turn, so long turns keep new
 * clients out: when 300 connections came at once and all were served as they came, the last of them (or somebody who
 * only asked /healthz) waited 4 s at the door (bench/adds). Short turns also let downloads and
 * sockets have their share.
 */

/** Some 10 ms of adds, and enough for one commit to be shared by. */
export const MOST_A_TURN = 64;
/** While connections are coming in: about 1 ms, and still more than the one request that each turn can bring. */
export const MOST_WHILE_CONNECTING = 4;

export class Admission {
  #begun = 0;
  #isConnecting = false;
  #isArmed = false;
  #waiting: (() => void)[] = [];

  /** A connection was taken in: there may be more. */
  connected(): void {
    this.#isConnecting = true;
    this.#arm();
  }

  /** Begins at once, or in one of the next turns, in order. */
  enter(begin: () => void): void {
    this.#arm();
    if (this.#waiting.length > 0 || this.#begun >= this.#most) {
      this.#waiting.push(begin);
      return;
    }
    this.#begun++;
    begin();
  }

  get #most(): number {
    return this.#isConnecting ? MOST_WHILE_CONNECTING : MOST_A_TURN;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isArmed = false;
    const begun = this.#waiting.splice(0, this.#most);
    this.#isConnecting = false;
    this.#begun = begun.length;
    if (begun.length > 0) this.#arm();
    for (const begin of begun) begin();
  };
}
