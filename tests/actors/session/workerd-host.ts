/** The contract's host in workerd, in one process or a cluster. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import type { RunnerCommand } from '#lib/protocol/runner.ts';
import { openSocket } from '../workerd/client-socket.ts';
import type { Workerd } from '../workerd/workerd.ts';
import type { SessionHost } from './contract-host.ts';

/** The runner's end of the port: records commands. */
async function listenAsRunner(commands: RunnerCommand[]): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      commands.push((JSON.parse(body) as { command: RunnerCommand }).command);
      response.end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** @param start starts a workerd whose runner's commands are posted to a port of this process */
export async function workerdHost(start: (runnerPort: number) => Promise<Workerd>): Promise<SessionHost> {
  const commands: RunnerCommand[] = [];
  const runner = await listenAsRunner(commands);
  const workerd = await start((runner.address() as AddressInfo).port);
  const at = (rest: string) => `${workerd.url}/session/s1/${rest}`;
  const invoke = async (method: string, ...args: unknown[]): Promise<Response> =>
    fetch(at('call'), { method: 'POST', body: JSON.stringify({ method, args }) });
  return {
    async call(method, path, body) {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      const response = await fetch(at(`fetch${path}`), init);
      const answer = await response.text();
      return { status: response.status, body: answer === '' ? null : JSON.parse(answer) };
    },
    async connect() {
      const messages: ServerMessage[] = [];
      const socket = await openSocket(at('socket'), (text) =>
        messages.push(JSON.parse(text) as ServerMessage),
      );
      return {
        messages,
        get isClosed() {
          return socket.closed !== null;
        },
        say: (message) => {
          socket.send(JSON.stringify(message));
        },
        leave: () => {
          socket.close(1000, '');
        },
      };
    },
    async news(...events) {
      const response = await invoke('runnerEvents', events);
      if (!response.ok) throw new Error(await response.text());
    },
    async crash(...events) {
      const response = await invoke('runnerEvents', events);
      await response.body?.cancel();
      return !response.ok;
    },
    async mostWrites() {
      return ((await (await invoke('mostWrites')).json()) as { result: number }).result;
    },
    commands,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async restart() {
      await workerd.restart();
      commands.length = 0;
    },
    async close() {
      await workerd.close();
      runner.closeAllConnections();
      runner.close();
    },
  };
}
