/** Refusals of an address that was answered before: how links end that are valid once, or for a while. Pure. */
import { SluiceError } from '../../../protocol/error.ts';

/** 404 too: some servers forget a link that was used. */
const REFUSALS = [403, 404, 410];

const statuses = new WeakMap<SluiceError, number>();

export function withStatus(error: SluiceError, status: number): SluiceError {
  statuses.set(error, status);
  return error;
}

interface Evidence {
  /** This server has answered this address with a file. */
  wasAnswered: boolean;
  /** It was picked from a list. The list of a feed is not proof: nobody has tried its entries. */
  wasListed: boolean;
}

/** `remote_link_used` if the refused address is known to have worked; else `thrown`. */
export function explainRefusal(thrown: unknown, { wasAnswered, wasListed }: Evidence): unknown {
  const status = thrown instanceof SluiceError ? (statuses.get(thrown) ?? null) : null;
  if (status === null || !REFUSALS.includes(status)) return thrown;
  if (!wasAnswered && !(wasListed && status !== 404)) return thrown;
  const message = `The server has answered this link before, and now answers ${status}.`;
  return new SluiceError('remote_link_used', message, { cause: thrown });
}
