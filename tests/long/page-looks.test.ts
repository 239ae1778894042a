/** The looks of pages that `npm test` leaves out: it has a wide screen in the light, and a phone in the dark. */
import { test } from 'uvu';
import { type Look, PHONE, testFullPage, testLostList } from '../e2e/looks.ts';
import { pageFixture } from '../support/page-fixture.ts';

const fixture = pageFixture(test);
const LOOKS: Look[] = [
  ['in the dark', { colorScheme: 'dark' }],
  ['on a phone', PHONE],
];

testFullPage(test, fixture, LOOKS);
testLostList(test, fixture, LOOKS);

test.run();
