/**
 * What `sluice engines install yt-dlp` installs from PyPI, pinned by the hashes of the wheels. The extra `[default]` is left
 * out: its other packages only speed things up.
 */
interface Requirement {
  name: string;
  version: string;
  /** Of its wheels: more than one if they differ by machine. */
  sha256: readonly string[];
  /** Values of Python's `platform.machine()` for which there are wheels; absent = any. */
  machines?: readonly string[];
}

export const REQUIREMENTS: readonly [Requirement, ...Requirement[]] = [
  {
    name: 'yt-dlp',
    version: '2026.10.26',
    sha256: ['a05c5b5d8562f7e8a62f5334348b406af4930d56d3a65f8021d14af0e22339ae'],
  },
  // The scripts for YouTube's players, which run in our own Node.
  {
    name: 'yt-dlp-ejs',
    version: '0.8.0',
    sha256: ['79300e5fca7f937a1eeede11f0456862c1b41107ce1d726871e0207424f4bdb4'],
  },
  // Without it yt-dlp leaves encrypted HLS to ffmpeg, which skips the pieces that it cannot fetch.
  {
    name: 'pycryptodomex',
    version: '3.24.2',
    sha256: [
      // Linux with glibc: x86-64, arm64; with musl: the same
      'e340408a601003f235b50117cd16f87b2a5b4760765aafe93340eeaadeb0414d',
      '97dc6ea02ec1ed55dca0fbc98758ac23d0ca8ce9d7ea32d538c2851e23b8b27f',
      'b6b327cb30a96c13965892be0a06717bb2cbdbf5e9b26fc4e9389a040b4b0047',
      '4625b5dbecb87f935febb790de09ed654daff2931dff051ffa47779ea36f6934',
      // macOS, both
      '18a41772bae7b876d84c768bdec6afb95c3d16da50200956ddcc5fccd2d84549',
    ],
    machines: ['x86_64', 'aarch64', 'arm64'],
  },
];

export const INSTALLED_VERSION = REQUIREMENTS[0].version;

/** The file for `pip install --require-hashes -r`. */
export function requirementsFile(): string {
  return REQUIREMENTS.map(({ name, version, sha256, machines }) => {
    const hashes = sha256.map((hash) => ` --hash=sha256:${hash}`).join('');
    const marker = machines?.map((machine) => `platform_machine == "${machine}"`).join(' or ');
    return `${name}==${version}${marker === undefined ? '' : `; ${marker}`}${hashes}\n`;
  }).join('');
}

/** Names and versions of what is installed: another list means that the installation is of an earlier Sluice. */
export const INSTALLED_PACKAGES = REQUIREMENTS.map(({ name, version }) => `${name}==${version}`).join(' ');
