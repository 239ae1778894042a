/**
 * `npm run bench:http [-- --mib 1024 --rounds 5]`: the built-in engine compared with curl: one large file, plain and over
 * TLS; 32 slow downloads at once; a server that limits each connection.
 */
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { PROJECT } from '../../tests/support/server.ts';
import { ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import { startOrigin } from '../origin/start.ts';
import { measureLimited } from './limited.ts';
import { measureManySlow } from './many-slow.ts';
import { measureOneFile, type OneFile, type Variant } from './one-file.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const bytes = Number(values.mib) * 1024 * 1024;
const rounds = Number(values.rounds);

interface Compared {
  wallSeconds: Spread;
  cpuSeconds: Spread;
  wallOverCurl: Spread;
  cpuOverCurl: Spread;
}

function compare({ rounds: costs }: OneFile, variant: Variant): Compared {
  const wall = (name: Variant): number[] => costs[name].map(({ wallSeconds }) => wallSeconds);
  const cpu = (name: Variant): number[] => costs[name].map(({ cpuSeconds }) => cpuSeconds);
  return {
    wallSeconds: spreadOf(wall(variant)),
    cpuSeconds: spreadOf(cpu(variant)),
    wallOverCurl: ratios(wall(variant), wall('curl')),
    cpuOverCurl: ratios(cpu(variant), cpu('curl')),
  };
}

prepareBuild(PROJECT);
const origin = await startOrigin({ withTls: true });
try {
  // First, so that the kernel's late writes of the large files are not counted here.
  const slow = await measureManySlow(origin);
  const files: OneFile[] = [];
  for (const scheme of ['http', 'https'] as const) {
    files.push(await measureOneFile(origin, { scheme, bytes, rounds }));
  }
  const limited = await measureLimited(origin);

  const oneFile = files.map((file) => ({
    scheme: file.scheme,
    curl: compare(file, 'curl'),
    server: compare(file, 'server'),
    get: compare(file, 'get'),
    serverCpuSecondsSynced: spreadOf(file.cpuSecondsSynced),
  }));
  const spread = ({ median, low, high }: Spread): string =>
    `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  const mb = (value: number): string => `${(value / 1e6).toFixed(0)} MB`;
  const text = [
    table([
      [`one file of ${values.mib} MiB`, 'wall s', 'over curl', 'CPU s', 'over curl'],
      ...oneFile.flatMap(({ scheme, ...of }) =>
        (['curl', 'server', 'get'] as const).map((name) => [
          `${scheme}, ${name === 'get' ? 'sluice get' : name}`,
          of[name].wallSeconds.median.toFixed(2),
          spread(of[name].wallOverCurl),
          of[name].cpuSeconds.median.toFixed(2),
          spread(of[name].cpuOverCurl),
        ]),
      ),
    ]),
    table([
      [`${slow.downloads} downloads at ${slow.bytesPerSecondEach / 1000} kB/s`, 'measured', 'limit'],
      ['peak RSS of the tree', mb(slow.peakRssBytes), '120 MB'],
      ['  idle before', mb(slow.idleRssBytes), '90 MB'],
      ['CPU for 10 MB', `${slow.cpuSecondsPer10Mb.toFixed(3)} s`, '0.05 s'],
    ]),
    `${limited.bytesPerSecondEach / 1e6} MB/s a connection: curl ${limited.curlSeconds.toFixed(1)} s, ` +
      `Sluice ${limited.serverSeconds.toFixed(1)} s`,
  ].join('\n\n');
  report('http', { bytes, rounds, oneFile, manySlow: slow, limited }, text);
} finally {
  await origin.close();
}
