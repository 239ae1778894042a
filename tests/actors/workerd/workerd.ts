/** A real workerd in a process of its own, on one folder of SQLite files, with the worker of these tests in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { settles } from '../../support/wait.ts';
import { workerdPath } from '../../support/workerd.ts';

/** Decides which of workerd's changes of behaviour are on: the day of the pinned version. */
const COMPATIBILITY_DATE = '2026-11-17';

export interface Workerd {
  /** `http://127.0.0.1:PORT`; another one after each restart. */
  readonly url: string;
  /** SIGKILL, and a new process on the same files. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param runnerPort where the runner's commands are posted to; without one they are lost */
export async function startWorkerd(runnerPort = 9): Promise<Workerd> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-workerd-'));
  mkdirSync(join(dir, 'state'));
  writeFileSync(join(dir, 'worker.js'), await bundle());
  writeFileSync(join(dir, 'config.capnp'), config(join(dir, 'state'), runnerPort));
  let running = await run(dir);
  return {
    get url() {
      return `http://127.0.0.1:${running.port}`;
    },
    async restart() {
      await running.kill();
      running = await run(dir);
    },
    async close() {
      await running.kill();
      rmSync(dir, { recursive: true, maxRetries: 3 });
    },
  };
}

let bundled: Promise<string> | null = null;

/** The classes as they are, in one file. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    const build = await rolldown({
      input: join(import.meta.dirname, 'worker.ts'),
      external: ['cloudflare:workers'],
      platform: 'neutral',
      resolve: { conditionNames: ['workerd', 'browser', 'import', 'default'] },
    });
    const { output } = await build.generate({ format: 'esm' });
    await build.close();
    return output[0].code;
  })();
  return bundled;
}

function config(state: string, runnerPort: number): string {
  const objects = [
    ['sample', 'SampleObject'],
    ['session', 'SessionObject'],
  ];
  const namespaces = objects.map(
    ([key, className]) => `(className = "${className}", uniqueKey = "${key}", enableSql = true)`,
  );
  const bindings = objects.map(
    ([key, className]) => `(name = "${key}", durableObjectNamespace = "${className}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "state", disk = (path = ${JSON.stringify(state)}, writable = true)),
    (name = "runner", external = (address = "127.0.0.1:${runnerPort}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  bindings = [${bindings.join(', ')}, (name = "runner", service = "runner")],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "state"),
);
`;
}

async function run(dir: string): Promise<{ port: number; kill(): Promise<void> }> {
  const program = workerdPath();
  if (program === null) throw new Error('workerd is not installed');
  const child = spawn(program, ['serve', '--control-fd=3', join(dir, 'config.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('close', (code, signal) => resolve(`workerd ended: ${code ?? signal}`));
  });
  const end = () => void child.kill('SIGKILL');
  const kill = async (): Promise<void> => {
    end();
    await settles(exited);
    process.off('exit', end);
  };
  process.on('exit', end);
  const port = await settles(Promise.race([listening(child), exited]), { what: 'workerd to listen' });
  if (typeof port === 'string') throw new Error(port);
  return { port, kill };
}

/** One line of JSON for each socket that it opens: https://github.com/cloudflare/workerd, `--control-fd`. */
function listening(child: ChildProcess): Promise<number> {
  const control = createInterface({ input: child.stdio[3] as Readable });
  return new Promise((resolve) => {
    control.on('line', (line) => {
      const { event, port } = JSON.parse(line) as { event: string; port?: number };
      if (event === 'listen' && port !== undefined) resolve(port);
    });
  });
}
