import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { newRow } from '#lib/actors/download/row.ts';
import { ACTIONS, ACTIONS_OF } from '#lib/protocol/actions.ts';
import { DOWNLOAD_STATES } from '#lib/protocol/download.ts';

const nothing = () => undefined;
const effects = {
  askRunner: nothing,
  stopRunner: nothing,
  discardBytes: nothing,
  settleRunner: nothing,
  setDeadline: nothing,
};
const fields = {
  url: 'http://a.test/',
  streamId: null,
  engine: null,
  filename: null,
  title: null,
  sha256: undefined,
};

for (const state of DOWNLOAD_STATES) {
  test(`the actions offered in ${state} are those that the machine accepts`, () => {
    const row = { ...newRow('id0000000000', 1, fields, 0, 'test'), state };
    const actor = createActor(downloadMachine, { input: { row, effects } }).start();
    const taken = ACTIONS.filter((type) => actor.getSnapshot().can({ type, at: 1, cause: 'test' }));
    assert.equal([...ACTIONS_OF[state]].sort(), [...taken].sort());
  });
}

test.run();
