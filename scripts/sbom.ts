/**
 * `npm run sbom [FILE]`: everything that Sluice is made of and installs, as CycloneDX, into build/sbom.cdx.json. npm lists
 * the lock file; what `sluice engines install yt-dlp` installs from PyPI is added, by its pinned hashes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { REQUIREMENTS } from '../src/lib/annie/yt-dlp/requirements.ts';

interface Sbom {
  metadata: { component: { 'bom-ref': string; name: string } };
  components: object[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const root = join(import.meta.dirname, '..');
const file = resolve(process.argv[2] ?? join(root, 'build/sbom.cdx.json'));
const listed = execFileSync(
  'npm',
  ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'],
  // Some MB, with all platforms' packages.
  { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 },
);
const sbom = JSON.parse(listed) as Sbom;
const { component } = sbom.metadata;
// npm takes the name of the folder.
component.name = 'sluice';
const python = REQUIREMENTS.map(({ name, version, sha256 }) => ({
  'bom-ref': `pypi:${name}@${version}`,
  type: 'library',
  name,
  version,
  scope: 'optional',
  description: 'Installed by `sluice engines install yt-dlp`. Each hash is of a wheel for one platform.',
  purl: `pkg:pypi/${name}@${version}`,
  hashes: sha256.map((content) => ({ alg: 'SHA-256', content })),
}));
sbom.components.push(...python);
const own = sbom.dependencies.find(({ ref }) => ref === component['bom-ref']);
own?.dependsOn.push(...python.map((each) => each['bom-ref']));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
console.log(`${file}: ${sbom.components.length} components`);
