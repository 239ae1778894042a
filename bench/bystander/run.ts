/**
 * How long a visitor waits for acknowledgements while others attack. Server and visitor share one core, the attackers have
 * another. Each attack begins with a new server, and is measured after as long without it: medians of five times. Needs the
 * right to make a network namespace. `--project DIR` measures another built checkout, a word selects attacks by name. On a
 * machine that others use, run it as `setsid -w sh -c 'echo -20 >/proc/self/autogroup; npm run bench:bystander'`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownNetwork, SERVER } from '../../tests/support/own-network.ts';
import { startServer } from '../../tests/support/server.ts';
import { report, spreadOf, table } from '../harness.ts';
import { ATTACKS, NAME_SERVER } from './attacks.ts';

const MEASURED_MS = 4_000;
/** Until the attack is under way: bursts are spent, connections are held. */
const SETTLING_MS = 1_000;
/** The larger of twice the quiet p99 and this is allowed. */
const ALLOWED_MS = 50;
const PORT = 3000;
const URL_OF_SERVER = `http://${SERVER.v4}:${PORT}`;
const ATTACKERS = ['198.18.2.1', '198.18.2.2', '198.18.2.3', '198.18.2.4'];

const missing = ownNetwork(import.meta.filename, { nameServer: NAME_SERVER });
if (missing !== null) {
  console.error(`The bench cannot run: ${missing}.`);
  process.exit(2);
}
const { values, positionals } = parseArgs({
  options: { project: { type: 'string' }, json: { type: 'boolean' }, runs: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const names = Object.keys(ATTACKS).filter((name) => positionals.every((word) => name.includes(word)));

function child(core: number, file: string, args: string[]): ChildProcess {
  const program = [process.execPath, '-C', 'development', join(import.meta.dirname, file), ...args];
  return spawn('taskset', ['-c', String(core), ...program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

const p99 = (tookMs: number[]): number =>
  tookMs.toSorted((a, b) => a - b)[Math.floor(0.99 * tookMs.length)] ?? NaN;

async function measure(bystander: ChildProcess): Promise<number> {
  bystander.send(MEASURED_MS);
  const [tookMs] = (await once(bystander, 'message')) as [number[]];
  return p99(tookMs);
}

async function run(name: string): Promise<{ quietMs: number; attackedMs: number }> {
  const server = await startServer({
    port: PORT,
    under: ['taskset', '-c', '0'],
    env: {
      SLUICE_HOST: '0.0.0.0',
      SLUICE_AUTH: 'none',
      SLUICE_ORIGINS: URL_OF_SERVER,
      SLUICE_ALLOW_PRIVATE: '198.18.0.0/15',
      SLUICE_LOG_LEVEL: 'silent',
    },
    ...(values.project === undefined ? {} : { project: values.project }),
  });
  const bystander = child(0, 'bystander.ts', [URL_OF_SERVER, '198.18.1.1']);
  let attacker: ChildProcess | null = null;
  try {
    await once(bystander, 'message');
    await measure(bystander);
    const quietMs = await measure(bystander);
    attacker = child(1, 'attacker.ts', [URL_OF_SERVER, name, ...ATTACKERS]);
    await once(attacker, 'message');
    await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
    return { quietMs, attackedMs: await measure(bystander) };
  } finally {
    attacker?.kill('SIGKILL');
    bystander.kill('SIGKILL');
    await server.kill9();
    server.place.remove();
  }
}

const results: { attack: string; quietMs: number; attackedMs: number; allowedMs: number }[] = [];
for (const attack of names) {
  const runs: Awaited<ReturnType<typeof run>>[] = [];
  for (let n = 0; n < Number(values.runs); n++) runs.push(await run(attack));
  const quietMs = spreadOf(runs.map((one) => one.quietMs)).median;
  const attackedMs = spreadOf(runs.map((one) => one.attackedMs)).median;
  results.push({ attack, quietMs, attackedMs, allowedMs: Math.max(ALLOWED_MS, 2 * quietMs) });
}
const ms = (value: number): string => value.toFixed(1);
const rows = results.map(({ attack, quietMs, attackedMs, allowedMs }) => [
  attack,
  ms(quietMs),
  ms(attackedMs),
  ms(allowedMs),
  attackedMs <= allowedMs ? 'kept' : 'BROKEN',
]);
const text = table([['ack p99, ms', 'quiet', 'attacked', 'allowed', ''], ...rows]);
if (values.project === undefined && positionals.length === 0) report('bystander', { results }, text);
else console.log(text);
if (results.some(({ attackedMs, allowedMs }) => attackedMs > allowedMs)) process.exitCode = 1;
