/** `npm run bench:yt-dlp [-- --mib 1024 --rounds 5]`: the CPU and wall time that Sluice adds to bare yt-dlp. */
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { prepareYtDlp } from '../../scripts/tools/test-yt-dlp.ts';
import { PROJECT } from '../../tests/support/server.ts';
import { ytDlpMissing } from '../../tests/support/yt-dlp.ts';
import { ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import { startOrigin } from '../origin/start.ts';
import type { Cost } from '../processes.ts';
import { measureYtDlp, type Variant } from './measure.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const bytes = Number(values.mib) * 1024 * 1024;
const rounds = Number(values.rounds);

prepareBuild(PROJECT);
await prepareYtDlp();
const missing = ytDlpMissing();
if (missing !== null) {
  console.log(`SKIP yt-dlp: ${missing}`);
  process.exit();
}
const origin = await startOrigin();
try {
  const costs = await measureYtDlp(origin, bytes, rounds);
  const wall = ({ wallSeconds }: Cost): number => wallSeconds;
  const cpu = ({ cpuSeconds }: Cost): number => cpuSeconds;
  const compare = (variant: Variant, to: Variant) => ({
    wall: ratios(costs[variant].map(wall), costs[to].map(wall)),
    cpu: ratios(costs[variant].map(cpu), costs[to].map(cpu)),
  });
  const seconds = (variant: Variant) => ({
    wall: spreadOf(costs[variant].map(wall)),
    cpu: spreadOf(costs[variant].map(cpu)),
  });
  const result = {
    seconds: { bare: seconds('bare'), flags: seconds('flags'), server: seconds('server') },
    flagsOverBare: compare('flags', 'bare'),
    serverOverBare: compare('server', 'bare'),
    serverOverFlags: compare('server', 'flags'),
  };
  const spread = ({ median, low, high }: Spread): string =>
    `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  const row = (name: string, of: { wall: Spread; cpu: Spread }, limit = ''): string[] => {
    return [name, spread(of.wall), spread(of.cpu), limit];
  };
  const text = table([
    [`one file of ${values.mib} MiB`, 'wall', 'CPU', 'limit'],
    row('bare yt-dlp, s', result.seconds.bare),
    row('with our flags, s', result.seconds.flags),
    row('under the server, s', result.seconds.server),
    row('our flags over bare', result.flagsOverBare),
    row('the server over bare', result.serverOverBare, '1.05'),
    row('the server over our flags', result.serverOverFlags),
  ]);
  report('yt-dlp', { bytes, rounds, ...result }, text);
} finally {
  await origin.close();
}
