import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ReplayEvent, replayRecording } from '#lib/replay/replay.ts';
import {
  countedPhases,
  errorMessages,
  type Fixture,
  fixtures,
  samplesOf,
} from '../annie/progress/recordings.ts';

function reported(events: ReplayEvent[]) {
  const samples = events.flatMap(({ type, ...rest }) => (type === 'progress' ? [rest] : []));
  return {
    fd1: samples.filter((sample) => 'fd' in sample && sample.fd === 1),
    fd2: samples.filter((sample) => 'fd' in sample && sample.fd === 2),
    phases: events.flatMap((event) => (event.type === 'phase' ? [event.phase] : [])),
    items: events.flatMap((event) =>
      event.type === 'item' ? [{ site: event.site, title: event.title, totalBytes: event.totalBytes }] : [],
    ),
    errors: events.flatMap((event) => (event.type === 'error' ? [event.message] : [])),
    end: events.flatMap((event) => (event.type === 'end' ? [event.state] : [])),
  };
}

function truthOf({ truth }: Fixture) {
  const samples = samplesOf(truth);
  return {
    fd1: samples.filter(({ fd }) => fd === 1),
    fd2: samples.filter(({ fd }) => fd === 2),
    phases: countedPhases(truth),
    items: truth.items.map(({ site, title, streams }) => ({
      site,
      title,
      totalBytes: streams[0]?.sizeBytes ?? null,
    })),
    errors: errorMessages(truth),
    end: [truth.final.state],
  };
}

for (const fixture of fixtures('pipe')) {
  test(`${fixture.name}: every sample once, in order, and phases, items, errors and end`, () => {
    const { recording } = fixture;
    assert.equal(reported([...replayRecording(recording)]), truthOf(fixture));
  });

  for (const rechunkBytes of [1, 7, 64, 4096]) {
    test(`${fixture.name}: the same in chunks of ${rechunkBytes}`, () => {
      assert.equal(reported([...replayRecording(fixture.recording, { rechunkBytes })]), truthOf(fixture));
    });
  }
}

test.run();
