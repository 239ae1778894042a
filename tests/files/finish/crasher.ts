/** Finishes a file and kills itself with SIGKILL at the n-th call to the disk. argv: n workDir downloadDir path bytes */
import { realDisk, type Disk } from '#lib/files/finish/disk.server.ts';
import { finishFile } from '#lib/files/finish/finish.server.ts';

const [n = '', workDir = '', downloadDir = '', path = '', bytes = ''] = process.argv.slice(2);
let calls = 0;

const mortal = Object.entries(realDisk).map(([name, call]) => [
  name,
  async (...args: unknown[]) => {
    const result = await (call as (...args: unknown[]) => Promise<unknown>)(...args);
    if (++calls === Number(n)) process.kill(process.pid, 'SIGKILL');
    return result;
  },
]);

await finishFile(
  { workDir, downloadDir, path, bytes: Number(bytes), name: 'clip.mp4' },
  Object.fromEntries(mortal) as Disk,
);
