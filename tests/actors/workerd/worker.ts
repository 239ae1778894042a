/**
 * The worker that the tests run in workerd: routes to each object, and the runner's port as an external service.
 * `/CLASS/NAME/fetch/PATH` is a request to the object, `/CLASS/NAME/socket` a socket, `/CLASS/NAME/call` a method.
 */
import { nanoid } from 'nanoid';
import { Directory } from '../../../src/lib/actors/directory/directory.ts';
import { systemClock } from '../../../src/lib/actors/durable/clock.ts';
import type { SessionEnv } from '../../../src/lib/actors/session/env.ts';
import { SluiceError } from '../../../src/lib/protocol/error.ts';
import { Sample } from '../durable/sample-object.ts';
import { CountedSession } from '../session/counted-session.ts';
import { type Hosted, hosted } from './hosted.ts';

interface Namespace {
  getByName(name: string): Hosted;
}

interface Bindings {
  sample: Namespace;
  session: Namespace;
  directory: Namespace;
  runner: { fetch(address: string, init: RequestInit): Promise<Response> };
}

export const SampleObject = hosted(Sample, () => ({ greeting: 'hello', now: () => Date.now() }));
export const SessionObject = hosted(CountedSession, sessionEnv);

const directoryEnv = () => ({ now: () => Date.now(), newId: () => nanoid(12) });
/** An error loses its code on the way: it goes as an answer, after its turn was taken back. */
export class DirectoryObject extends hosted(Directory as never, directoryEnv) {
  override async invoke(method: string, args: unknown[]): Promise<unknown> {
    try {
      return { result: await super.invoke(method, args) };
    } catch (error) {
      if (error instanceof SluiceError) return { code: error.code };
      throw error;
    }
  }
}

function sessionEnv({ runner }: Bindings): SessionEnv {
  // One after the other, so that the runner gets commands in order.
  let sent: Promise<unknown> = Promise.resolve();
  return {
    runner: {
      send(session, command) {
        const body = JSON.stringify({ session, command });
        sent = sent
          .then(() => runner.fetch('http://runner/', { method: 'POST', body }))
          .catch((error: unknown) => {
            console.error('the runner was not reached', error);
          });
      },
    },
    clock: systemClock,
    newId: () => nanoid(12),
    random: () => Math.random(),
    checkUrl(text) {
      if (!/^https?:/.test(text)) throw new SluiceError('unsupported_scheme');
      return text;
    },
    checkRoom: () => undefined,
    throttleMs: 200,
    maxActive: 3,
  };
}

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    const url = new URL(request.url);
    const [, className, name = '', way, ...path] = url.pathname.split('/');
    if (className !== 'sample' && className !== 'session' && className !== 'directory')
      return new Response('ready');
    const object = bindings[className].getByName(name);
    if (way === 'socket') return object.fetch(request);
    if (way === 'fetch')
      return object.fetch(new Request(`http://object/${path.join('/')}${url.search}`, request));
    const { method, args } = (await request.json()) as { method: string; args: unknown[] };
    return Response.json({ result: await object.invoke(method, args) });
  },
};
