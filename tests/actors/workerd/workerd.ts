/** workerd with the worker of these tests: one process on a folder of SQLite files, or a cluster of two. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { settles, waitFor } from '../../support/wait.ts';
import { workerdPath } from '../../support/workerd.ts';
import { startBucket } from './bucket.ts';

/** workerd's compatibility date: that of the pinned version. */
const COMPATIBILITY_DATE = '2026-11-17';

export interface Workerd {
  /** `http://127.0.0.1:PORT`; changes with each restart. */
  readonly url: string;
  /** SIGKILL, and a new process on the same files. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * With a lease of 20 s the objects of a killed node are unavailable for 10 s. A node that the bucket does not answer
 * within a part of the lease leaves the cluster: with 4 s it has 375 ms, too little on a busy machine.
 */
const TIME_DIVISOR = 2;

/** @param runnerPort receives the runner's commands by POST; without one they are lost */
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

/**
 * Two nodes that share a bucket: requests go to both in turn, whichever node owns the object.
 * @param runnerPort as for `startWorkerd`
 */
export async function startCluster(runnerPort = 9): Promise<Workerd> {
  const bucket = await startBucket();
  const dir = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const worker = await bundle();
  const dirs = ['one', 'two'].map((name) => join(dir, name));
  for (const node of dirs) {
    mkdirSync(join(node, 'state'), { recursive: true });
    writeFileSync(join(node, 'worker.js'), worker);
    writeFileSync(join(node, 'config.capnp'), config(join(node, 'state'), runnerPort, bucket.port));
  }
  let starts = 0;
  const start = async () => {
    starts += 1;
    const started = await Promise.all(dirs.map((node) => run(node, ['--experimental'])));
    // Each owns an object: when it is served after a restart, the lease of its node has expired.
    for (const [index, { port }] of started.entries()) await probe(port, `probe-${starts}-${index}`);
    return started;
  };
  let nodes = await start();
  let asked = 0;
  return {
    get url() {
      return `http://127.0.0.1:${nodes[asked++ % nodes.length]!.port}`;
    },
    async restart() {
      const probes = nodes.map((_, index) => `probe-${starts}-${index}`);
      await Promise.all(nodes.map((node) => node.kill()));
      nodes = await start();
      for (const name of probes) await probe(nodes[0]!.port, name);
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      await bucket.close();
      rmSync(dir, { recursive: true, maxRetries: 3 });
    },
  };
}

let bundled: Promise<string> | null = null;

/** Bundles the classes into one file. */
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

/** @param bucketPort of a cluster; null = one process */
function config(state: string, runnerPort: number, bucketPort: number | null = null): string {
  const objects = [
    ['sample', 'SampleObject'],
    ['session', 'SessionObject'],
    ['directory', 'DirectoryObject'],
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
  ${bucketPort === null ? '' : cluster(bucketPort)}
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

/** Waits until an object is served: that of a dead node only after its lease has expired. */
async function probe(port: number, name: string): Promise<void> {
  const isServed = async (): Promise<boolean> => {
    const body = JSON.stringify({ method: 'identity', args: [] });
    const response = await fetch(`http://127.0.0.1:${port}/sample/${name}/call`, { method: 'POST', body });
    await response.body?.cancel();
    return response.ok;
  };
  await waitFor(() => isServed().catch(() => false), { deadlineMs: 60_000, what: `${name} to be served` });
}

function cluster(bucketPort: number): string {
  const options = [
    `aws_endpoint=http://127.0.0.1:${bucketPort}`,
    'aws_region=auto',
    'aws_access_key_id=a',
    'aws_secret_access_key=b',
  ];
  return `cluster = (
    bucket = "s3://bucket/cluster",
    bucketOptions = [${options.map((option) => JSON.stringify(option)).join(', ')}],
    address = "127.0.0.1:0",
    key = "${'0123456789abcdef'.repeat(4)}",
    unsafeTimeDivisor = ${TIME_DIVISOR},
  ),`;
}

async function run(dir: string, options: string[] = []): Promise<{ port: number; kill(): Promise<void> }> {
  const program = workerdPath();
  if (program === null) throw new Error('workerd is not installed');
  const child = spawn(program, ['serve', '--control-fd=3', ...options, join(dir, 'config.capnp')], {
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

/** Reads the port from workerd's `--control-fd`: a line of JSON for each listening socket (https://github.com/cloudflare/workerd). */
function listening(child: ChildProcess): Promise<number> {
  const control = createInterface({ input: child.stdio[3] as Readable });
  return new Promise((resolve) => {
    control.on('line', (line) => {
      const { event, port } = JSON.parse(line) as { event: string; port?: number };
      if (event === 'listen' && port !== undefined) resolve(port);
    });
  });
}
