import { test } from 'uvu';
import { testUnless } from '../../support/skip.ts';
import { workerdMissing } from '../../support/workerd.ts';
import { startWorkerd, type Workerd } from '../workerd/workerd.ts';
import { contract, type DirectoryHost } from './contract.ts';

const missing = workerdMissing();
let running: Workerd | null = null;
let opened = 0;

/** One process for all tests, each with an object of its own. */
async function open(): Promise<DirectoryHost> {
  const workerd = (running ??= await startWorkerd());
  const name = `directory-${++opened}`;
  return {
    async call(method, ...args) {
      const body = JSON.stringify({ method, args });
      const response = await fetch(`${workerd.url}/directory/${name}/call`, { method: 'POST', body });
      if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
      const { result } = (await response.json()) as { result: { result?: unknown } | { code: string } };
      if ('code' in result) throw Object.assign(new Error(`${method}: ${result.code}`), result);
      return result.result as never;
    },
    now: () => Date.now(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    restart: () => workerd.restart(),
    close: () => Promise.resolve(),
  };
}

if (missing === null) {
  const suite = contract('directory on workerd', open);
  suite.after(() => running?.close());
  suite.run();
} else testUnless(test, missing, 'the directory keeps its contract on workerd', () => undefined);

test.run();
