/** Downloads argv[2] into argv[3] until it is done or killed, and prints the received bytes. */
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { jobFor, openGuard } from './kit.ts';
import { readers } from '../../support/readers.ts';

const [url = '', workDir = ''] = process.argv.slice(2);
const engine = new HttpEngine({ guard: openGuard(), readers });
const onSample = ({ receivedBytes }: { receivedBytes: number }): void => {
  process.stdout.write(`${receivedBytes}\n`);
};
await engine.download(jobFor(url, workDir, { onSample }));
await engine.close();
