import { type ContractHost, contract } from './contract.ts';
import { openHost, settle } from './host.ts';
import type { Sample } from './sample-object.ts';
import { TestWire } from './wire.ts';

const test = contract('embedded host', async (): Promise<ContractHost> => {
  const opened = await openHost();
  const stub = (id: string) => opened.host.get<Sample>('sample', id);
  return {
    fetch: (id, request) => stub(id).fetch(request),
    call: (id, method, ...args) => stub(id).call(method as never, ...(args as never)),
    connect: (id) => Promise.resolve(new TestWire(stub(id) as never)),
    async sleep() {
      await settle();
      opened.clock.increment(10_000);
      await settle();
    },
    now: () => opened.clock.now(),
    async pass(ms) {
      await settle();
      opened.clock.increment(ms);
      await settle();
    },
    restart: () => opened.reopen(),
    close: () => opened.close(),
    hasQuietThrows: false,
  };
});

test.run();
