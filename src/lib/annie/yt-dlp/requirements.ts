/**
 * What `sluice engines install yt-dlp` installs from PyPI, pinned by the hashes of the wheels. The extra `[default]` is left
 * out: its other packages only speed things up.
 */
export const REQUIREMENTS = [
  {
    name: 'yt-dlp',
    version: '2026.10.26',
    sha256: 'a05c5b5d8562f7e8a62f5334348b406af4930d56d3a65f8021d14af0e22339ae',
  },
  // The scripts for YouTube's players, which run in our own Node.
  {
    name: 'yt-dlp-ejs',
    version: '0.8.0',
    sha256: '79300e5fca7f937a1eeede11f0456862c1b41107ce1d726871e0207424f4bdb4',
  },
] as const;

export const INSTALLED_VERSION = REQUIREMENTS[0].version;

/** The file for `pip install --require-hashes -r`. */
export function requirementsFile(): string {
  return REQUIREMENTS.map(
    ({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`,
  ).join('');
}
