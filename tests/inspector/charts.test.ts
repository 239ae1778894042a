import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { downloadMachine } from '#lib/actors/download/machine.ts';
import { newRow } from '#lib/actors/download/row.ts';
import { activeStates, edgesFrom } from '#lib/inspector/charts/active.ts';
import type { Box, Point } from '#lib/inspector/charts/chart.ts';
import { CHARTS } from '#lib/inspector/charts/charts.ts';
import { type TransitionDefinition, transitionId } from '#lib/inspector/charts/transition-id.ts';
import { makeCharts, chartsJson } from '../../scripts/charts/make-charts.ts';

const download = CHARTS['download']!;

test('the charts match the machines: otherwise run `npm run charts`', async () => {
  const path = join(import.meta.dirname, '../../src/lib/inspector/charts/charts.json');
  assert.ok(readFileSync(path, 'utf8') === chartsJson(await makeCharts()));
});

test('every transition has a unique id', () => {
  for (const { edges } of Object.values(CHARTS)) {
    assert.is(new Set(edges.map(({ id }) => id)).size, edges.length);
  }
});

test('a transition observed at run time has the same id as in the chart', () => {
  const took: string[] = [];
  const nothing = () => {};
  const effects = {
    askRunner: nothing,
    stopRunner: nothing,
    discardBytes: nothing,
    settleRunner: nothing,
    setDeadline: nothing,
  };
  const body = { url: 'http://a.test/b', streamId: null, engine: null, filename: null, title: null };
  const row = newRow('abcdefghijkl', 1, body as never, 0, 'test');
  const actor = createActor(downloadMachine, {
    input: { row, effects },
    inspect: (seen) => {
      if (seen.type !== '@xstate.microstep') return;
      const ids = (seen._transitions as unknown as TransitionDefinition[]).map(transitionId);
      took.push(...ids.filter((id) => id !== null));
    },
  }).start();
  const caused = { at: 1, cause: 'test' };
  actor.send({ type: 'run', ...caused });
  actor.send({
    type: 'phase',
    phase: 'download',
    engine: null,
    title: null,
    totalBytes: null,
    ...caused,
  });
  actor.send({ type: 'pause', ...caused });
  assert.equal(took, [
    'download.revived::8',
    'download.queued.held:run:0',
    'download.queued:phase:1',
    'download.download:pause:0',
  ]);
  const known = download.edges.map(({ id }) => id);
  assert.ok(took.every((id) => known.includes(id)));
});

test('every line starts at the border of its source and ends at that of its target', () => {
  for (const { states, lines } of Object.values(CHARTS)) {
    const box = (path: string): Box => states.find((state) => state.path === path)!;
    for (const { source, target, points } of lines) {
      assert.ok(isOnEdge(points[0]!, box(source)), `the start of ${source} → ${target}`);
      assert.ok(isOnEdge(points.at(-1)!, box(target)), `the end of ${source} → ${target}`);
    }
  }
});

test('every transition that leaves its state is on exactly one line', () => {
  for (const { edges, lines } of Object.values(CHARTS)) {
    const drawn = lines.flatMap((line) => line.edges).sort();
    assert.equal(drawn, edges.flatMap(({ id, isInternal }) => (isInternal ? [] : [id])).sort());
  }
});

test('states lie inside their parent, and siblings do not overlap', () => {
  for (const { states } of Object.values(CHARTS)) {
    for (const state of states) {
      const parent = states.find(({ path }) => path === state.parent);
      if (parent) assert.ok(isInside(state, parent), `${state.path} lies in ${parent.path}`);
      const siblings = states.filter((other) => other !== state && other.parent === state.parent);
      assert.ok(siblings.every((other) => areApart(state, other)));
    }
  }
});

test('an actor in download.throttle is also in download, and can take the transitions of both', () => {
  assert.equal(activeStates(download, 'download.throttle'), ['download', 'download.throttle']);
  assert.equal(activeStates(download, 'nowhere'), []);
  assert.equal(activeStates(download, ''), []);
  const events = edgesFrom(download, 'download.throttle').map(({ event }) => event);
  assert.equal(
    [...new Set(events)],
    ['tick', 'run', 'limited', 'giveWay', 'slow', 'phase', 'done', 'failed', 'setAside', 'pause', 'cancel'],
  );
});

test('the timer of a session is a transition in its chart', () => {
  const after = CHARTS['session']!.edges.find(({ kind }) => kind === 'after');
  assert.equal([after?.event, after?.source, after?.target], ['after throttle', 'throttling', 'throttling']);
});

function isOnEdge({ x, y }: Point, box: Box): boolean {
  const onSide = near(x, box.x) || near(x, box.x + box.width);
  const onTop = near(y, box.y) || near(y, box.y + box.height);
  const within =
    x >= box.x - 1 && x <= box.x + box.width + 1 && y >= box.y - 1 && y <= box.y + box.height + 1;
  return within && (onSide || onTop);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.2;
}

function isInside(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function areApart(a: Box, b: Box): boolean {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

test.run();
