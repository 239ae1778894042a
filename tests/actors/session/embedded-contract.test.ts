import * as assert from 'uvu/assert';
import { rejectionOf } from '../durable/codes.ts';
import { settle } from '../durable/host.ts';
import { contract } from './contract.ts';
import type { SessionHost } from './contract-host.ts';
import { CountedSession } from './counted-session.ts';
import { startSession } from './harness.ts';

const test = contract('session on the embedded host', async (): Promise<SessionHost> => {
  const session = await startSession({ sessionClass: CountedSession });
  let crashes = 0;
  return {
    call: (method, path, body) => session.call(method, path, body),
    async connect() {
      const reader = session.connect();
      return {
        messages: reader.messages,
        get isClosed() {
          return reader.closed !== null;
        },
        say: (message) => {
          reader.say(message);
        },
        leave: () => {
          reader.link.closed(1000, '', true);
        },
      };
    },
    news: (...events) => session.news(...events),
    async crash(...events) {
      crashes += 1;
      return (await rejectionOf(session.news(...events))) === 'internal_error';
    },
    mostWrites: () => session.host().get<CountedSession>('session', 's1').call('mostWrites'),
    commands: session.commands,
    async pass(ms) {
      await settle();
      session.clock.increment(ms);
      await settle();
    },
    restart: () => session.restart(),
    async close() {
      await session.end();
      assert.is(session.errors.length, crashes, String(session.errors));
    },
  };
});

test.run();
