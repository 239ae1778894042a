/** A removal while the disk of the download folder is away or read-only: the file does not stay for ever. */
import { test } from 'uvu';
import { MIB } from '../disk/away.ts';
import { readOnlyMount, removableDisk, unlessMounts } from '../disk/disks.ts';
import { removesLater } from '../disk/removal.ts';
import { testUnless } from '../support/skip.ts';

testUnless(
  test,
  unlessMounts(),
  'a file that is removed from a read-only disk goes when it can be written again',
  () =>
    removesLater(({ downloadDir }) => {
      let release = (): void => undefined;
      return { away: () => (release = readOnlyMount(downloadDir)), back: () => release() };
    }),
);

testUnless(
  test,
  unlessMounts(),
  'a file that is removed while its disk is not mounted goes when that is back',
  () =>
    removesLater(({ downloadDir }) => {
      const disk = removableDisk(downloadDir, 32 * MIB);
      return { away: () => disk.unmount(), back: () => disk.mount(), release: () => disk.release() };
    }),
);

test.run();
