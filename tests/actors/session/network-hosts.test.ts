/** A list of many hosts, none of which can be reached, costs little: after a few the rest waits with them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';
import { failed, type Session, testSession } from './harness.ts';

const starts = (s: Session): string[] =>
  s.commands.flatMap((each) => (each.type === 'start' ? [`${each.download}.${each.attempt}`] : []));

/** It was the first to find its host away, as far as is known at once. */
function away(s: Session, id: string, n: number): RunnerEvent {
  const { error, ...event } = failed(id, true) as Extract<RunnerEvent, { type: 'failed' }>;
  const host = { since: s.clock.now(), host: `h${n}.test:443` };
  return { ...event, error: { ...error, code: 'network_down', retryAfterMs: 5_000, away: host } };
}

testSession('after six hosts that cannot be reached no other is tried until one is', async (s) => {
  const ids: string[] = [];
  for (let n = 0; n < 10; n++) {
    const { body } = await s.call('POST', '/downloads', { url: `https://h${n}.test/f` });
    ids.push((body as { id: string }).id);
  }
  for (const [n, id] of ids.slice(0, 8).entries()) {
    await s.sentCommand('start', id);
    await s.news(away(s, id, n));
  }
  assert.is((await s.show(ids[8]!)).state, 'queued');
  // Three run at a time: two more had begun before the sixth failed.
  assert.equal(
    starts(s),
    ids.slice(0, 8).map((id) => `${id}.1`),
  );
  await s.news({ type: 'reachable', host: null });
  await waitFor(() => starts(s).includes(`${ids[0]}.2`), { what: 'that it goes on' });
});

test.run();
