import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { REQUIREMENTS } from '#lib/annie/yt-dlp/requirements.ts';
import { read, ROOT } from './source-tree.ts';

interface Sbom {
  bomFormat: string;
  metadata: { component: { name: string } };
  components: { purl: string; hashes?: { content: string }[] }[];
}

test('the SBOM lists every package of the lock file, and all that is installed from PyPI', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-sbom-'));
  try {
    const file = join(dir, 'sbom.json');
    const { status, stderr } = spawnSync(process.execPath, ['scripts/sbom.ts', file], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    const { bomFormat, metadata, components } = JSON.parse(readFileSync(file, 'utf8')) as Sbom;
    assert.equal([bomFormat, metadata.component.name], ['CycloneDX', 'sluice']);
    const listed = new Set(components.map(({ purl }) => decodeURIComponent(purl)));
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version: string; name?: string }>;
    };
    const wanted = Object.entries(packages).flatMap(([path, { version, name }]) =>
      path === '' ? [] : [`pkg:npm/${name ?? path.split('node_modules/').at(-1)}@${version}`],
    );
    assert.ok(wanted.length > 100);
    const python = REQUIREMENTS.map(({ name, version }) => `pkg:pypi/${name}@${version}`);
    assert.equal(
      [...wanted, ...python].filter((purl) => !listed.has(purl)),
      [],
    );
    const ytDlp = components.find(({ purl }) => purl.startsWith('pkg:pypi/yt-dlp@'));
    assert.is(ytDlp?.hashes?.[0]?.content, REQUIREMENTS[0].sha256[0]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
