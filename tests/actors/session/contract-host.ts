/** The session under test, and helpers of the contract's tests. */
import type { ServerMessage } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { RunnerCommand, RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';

export interface SessionClient {
  readonly messages: readonly ServerMessage[];
  readonly isClosed: boolean;
  say(message: object): void;
  leave(): void;
}

export interface SessionHost {
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  connect(): Promise<SessionClient>;
  /** Delivers a runner event; resolves when the session has handled it. */
  news(...events: RunnerEvent[]): Promise<void>;
  /** Delivers an event that makes the session throw. @returns whether the host reports that */
  crash(...events: RunnerEvent[]): Promise<boolean>;
  /** The most values that a turn has written or deleted. */
  mostWrites(): Promise<number>;
  /** All commands to the runner since the last restart. */
  readonly commands: readonly RunnerCommand[];
  /** Advances time, and runs what is due. */
  pass(ms: number): Promise<void>;
  /** Stops or kills the host and starts it on the same storage. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export type SentCommand<T extends RunnerCommand['type']> = Extract<RunnerCommand, { type: T }>;
export type ReceivedMessage<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

export async function add(host: SessionHost, name: string): Promise<string> {
  const { body } = await host.call('POST', '/downloads', { url: `https://example.org/${name}` });
  return (body as { id: string }).id;
}

export async function show(host: SessionHost, id: string): Promise<DownloadView> {
  return (await host.call('GET', `/downloads/${id}`)).body as DownloadView;
}

export async function list(host: SessionHost): Promise<{ downloads: DownloadView[] }> {
  return (await host.call('GET', '/downloads')).body as { downloads: DownloadView[] };
}

export async function connectClient(host: SessionHost): Promise<SessionClient> {
  const client = await host.connect();
  client.say({ type: 'hello' });
  await receivedMessage(client, 'snapshot');
  return client;
}

export function starts(host: SessionHost, id: string): SentCommand<'start'>[] {
  return host.commands.filter(
    (command): command is SentCommand<'start'> => command.type === 'start' && command.download === id,
  );
}

export function sentCommand<T extends RunnerCommand['type']>(
  host: SessionHost,
  type: T,
  download?: string,
): Promise<SentCommand<T>> {
  const fits = (command: RunnerCommand): command is SentCommand<T> =>
    command.type === type &&
    (download === undefined || ('download' in command && command.download === download));
  return waitFor(() => host.commands.find(fits), { what: `the runner to be told to ${type}` });
}

export function receivedMessage<T extends ServerMessage['type']>(
  client: SessionClient,
  type: T,
  wanted: (message: ReceivedMessage<T>) => boolean = () => true,
): Promise<ReceivedMessage<T>> {
  const fits = (message: ServerMessage): message is ReceivedMessage<T> =>
    message.type === type && wanted(message as ReceivedMessage<T>);
  return waitFor(() => client.messages.find(fits), { what: `a message of type ${type}` });
}
