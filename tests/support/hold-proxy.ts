/** A proxy between a browser and a server that can hold back a response of the server. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

interface Hold {
  request: string;
  arrived: PromiseWithResolvers<void>;
  released: PromiseWithResolvers<void>;
}

export interface HoldProxy {
  port: number;
  /**
   * Holds back the response to the next request that begins with `start`.
   * @returns `arrived` resolves when the server has responded; `release` forwards the response
   */
  hold(request: string): { arrived: Promise<void>; release: () => void };
  /** Forwards to the server on this port from now on. */
  lead(port: number): void;
  close(): Promise<void>;
}

export async function startHoldProxy(): Promise<HoldProxy> {
  const holds: Hold[] = [];
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((browser) => {
    const upstream = connect(target, '127.0.0.1');
    let held: Hold | undefined;
    for (const socket of [browser, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        browser.destroy();
        upstream.destroy();
      });
    }
    browser.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      const index = holds.findIndex(({ request }) => text.startsWith(request));
      if (index >= 0) [held] = holds.splice(index, 1);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      const hold = held;
      held = undefined;
      if (hold === undefined) {
        browser.write(chunk);
        return;
      }
      upstream.pause();
      hold.arrived.resolve();
      void hold.released.promise.then(() => {
        browser.write(chunk);
        upstream.resume();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hold(request) {
      const hold = {
        request,
        arrived: Promise.withResolvers<void>(),
        released: Promise.withResolvers<void>(),
      };
      holds.push(hold);
      return { arrived: hold.arrived.promise, release: () => hold.released.resolve() };
    },
    lead: (port) => void (target = port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
