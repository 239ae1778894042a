/** What was not synced by an earlier process is written again: why is in `write-again.server.ts`. */
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rangesWithout, writeAgain } from '#lib/files/write-again.server.ts';

test('the file and its date stay as they are, and a missing file is no error', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-again-'));
  try {
    const path = join(dir, 'file');
    const bytes = Buffer.from(Array.from({ length: 3_000_001 }, (_, n) => n % 251));
    writeFileSync(path, bytes);
    utimesSync(path, 1_000_000, 1_000_000);
    const before = statSync(path, { bigint: true });
    // Also beyond its end.
    await writeAgain(path, [
      [1, 10],
      [500_000, 4_000_000],
    ]);
    const after = statSync(path, { bigint: true });
    assert.ok(readFileSync(path).equals(bytes));
    assert.equal([after.size, after.mtimeMs], [before.size, before.mtimeMs]);
    assert.ok(after.ctimeNs > before.ctimeNs, 'it was written');
    await writeAgain(join(dir, 'none'), [[0, 1]]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('its date stays in the same millisecond, of which its mark is made', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-again-'));
  try {
    for (const part of [0, 0.0009, 0.5, 0.9, 0.9995]) {
      const path = join(dir, `file-${part}`);
      writeFileSync(path, 'x');
      utimesSync(path, 0, 1_796_011_183.081 + part / 1000);
      const before = statSync(path, { bigint: true });
      await writeAgain(path, [[0, 1]]);
      assert.is(statSync(path, { bigint: true }).mtimeMs, before.mtimeMs, String(part));
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what remains of ranges without others is exact', () => {
  assert.equal(rangesWithout([[0, 100]], []), [[0, 100]]);
  assert.equal(
    rangesWithout(
      [[0, 100]],
      [
        [10, 20],
        [90, 100],
        [0, 0],
      ],
    ),
    [
      [0, 10],
      [20, 90],
    ],
  );
  assert.equal(
    rangesWithout(
      [
        [0, 10],
        [20, 30],
        [40, 40],
      ],
      [[5, 25]],
    ),
    [
      [0, 5],
      [25, 30],
    ],
  );
  assert.equal(rangesWithout([[3, 7]], [[0, 100]]), []);
});

test.run();
