/** The ffmpeg commands of lux and annie that join parts (utils/ffmpeg.go of both), on the PATH that their engine gives them. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WRAPPED_FFMPEG } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { mediaDir, mediaMissing } from '../../site/media.ts';
import { picturesHash, streamKinds } from '../../support/media-hash.ts';
import { testUnless } from '../../support/skip.ts';
import { toolPath } from '../../support/tools.ts';
import { hostileForms, type Secret } from '../ffmpeg/hostile.ts';
import { type LuxFixture, codeOf, listing, URL_, VERSION, withLux } from './fixture.ts';

const ffmpegPath = toolPath('ffmpeg');
const it = (name: string, body: (fixture: LuxFixture & { media: string }) => Promise<void>): void => {
  testUnless(test, mediaMissing, name, () =>
    withLux(async (fixture) => body({ ...fixture, media: (await mediaDir()) ?? '' })),
  );
};

/** A download with all parts in the work dir, so that only the command that joins them is left. */
async function joining(
  { lux, workDir }: LuxFixture,
  parts: Record<string, string | { copy: string }>,
  typed: string,
): Promise<Awaited<ReturnType<LuxFixture['lux']>>> {
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part === 'string') await writeFile(join(workDir, name), part);
    else await copyFile(part.copy, join(workDir, name));
  }
  const listed = listing(
    Object.keys(parts).map((name) => ({ url: URL_, size: 500, ext: name.split('.').at(-1) })),
    { ext: 'mp4' },
  );
  // As lux does: prints all output of an ffmpeg that failed, and removes the parts after a success.
  const failed = `printf 'Downloading ${URL_} error:\\nexit status 1\\n%s\\n' "$said"; exit 1`;
  return lux(
    `${VERSION}\ncase "$*" in -j*) echo '${listed}'; exit ;; esac\n` +
      `command -v ffmpeg >&2\nsaid=$(${typed} 2>&1) || { ${failed}; }\nrm -f media\\[*`,
    { ffmpegPath },
  );
}

const CONCAT = (safe: string): string =>
  `for p in media\\[*; do echo "file '$p'"; done > media.txt; ` +
  `ffmpeg -y -f concat -safe ${safe} -i media.txt -c copy -bsf:a aac_adtstoasc media.mp4 && rm media.txt`;
const PAIR = (ext: string): string =>
  `ffmpeg -y -i "media[0].${ext}" -i "media[1].${ext}" -c:v copy -c:a copy media.mp4`;

async function secretIn(dir: string, media: string): Promise<Secret> {
  const secret = { mp4: join(dir, 'other.mp4'), ts: join(dir, 'other.ts') };
  await copyFile(join(media, 'clip.mp4'), secret.mp4);
  await copyFile(join(media, 'ts/high000.ts'), secret.ts);
  return secret;
}

for (const [who, safe] of [
  ['lux', '0'],
  ['annie', '-1'],
] as const)
  it(`parts are joined in order by the list that ${who} writes, through the wrapper`, async (fixture) => {
    const { media, job } = fixture;
    const names = (await readdir(join(media, 'ts'))).filter((name) => /^high\d+\.ts$/.test(name)).sort();
    const parts = Object.fromEntries(
      names.map((name, n) => [`media[${n}].ts`, { copy: join(media, 'ts', name) }]),
    );
    let output = '';
    const engine = await joining(fixture, parts, CONCAT(safe));
    const { path } = await engine.download(job({ onOutput: (text) => (output += text) }));
    assert.match(output, WRAPPED_FFMPEG);
    assert.equal(await streamKinds(path), ['audio', 'video']);
    assert.is(await picturesHash(path), await picturesHash(join(media, 'ts/high.m3u8')));
  });

it('video and audio are joined', async (fixture) => {
  const { media, job } = fixture;
  const parts = {
    'media[0].mp4': { copy: `${media}/clip.mp4` },
    'media[1].mp4': { copy: `${media}/small.mp4` },
  };
  const { path } = await (await joining(fixture, parts, PAIR('mp4'))).download(job());
  assert.is(await picturesHash(path), await picturesHash(join(media, 'clip.mp4')));
});

for (const form of ['m3u8', 'mpd', 'ffconcat'] as const) {
  it(`a part that is really ${form} is not_media, not transient, and no file is left`, async (fixture) => {
    const { dir, media, job, workDir } = fixture;
    const evil = hostileForms(await secretIn(dir, media))[form];
    const part = { copy: `${media}/ts/low000.ts` };
    for (const typed of [CONCAT('0'), PAIR('ts')]) {
      const engine = await joining(fixture, { 'media[0].ts': part, 'media[1].ts': evil }, typed);
      assert.is(await codeOf(engine.download(job())), 'not_media', typed);
      assert.not((await readdir(workDir)).includes('media.mp4'), typed);
    }
  });
}

it('an extension from a site cannot add lines to the list', async (fixture) => {
  const { media, job } = fixture;
  const part = { copy: `${media}/ts/low000.ts` };
  const engine = await joining(
    fixture,
    { 'media[0].ts': part, "media[1].ts'\noption safe 0\nfile 'x": part },
    CONCAT('0'),
  );
  assert.is(await codeOf(engine.download(job())), 'not_media');
});

test.run();
