/** What is said beside the line of a path. */
import test from 'ava';
import type {Path} from '../../source/posture/evidence.ts';
import {factColumn, pathFacts, pathTitle, processWords, unreadWords} from '../../source/ui/path-facts.ts';

const verdict = (state: string) => ({state, basis: 'proven', evidence: [], need: []});
const leg = (to: string, route: string, tls: string) => ({to, route: verdict(route), tls: verdict(tls)});
const pathOf = (...legs: ReadonlyArray<ReturnType<typeof leg>>) => ({legs, process: {startTime: null, known: null, read: 0}} as unknown as Path);
const one = leg('apiserver', 'direct', 'verified');

for (const [what, path, words] of [
	['no leg', pathOf(), []],
	['leg 1 alone', pathOf(one), ['verified']],
	['both legs', pathOf(one, leg('kubelet', 'konnectivity', 'unverified')), ['verified', 'konnectivity', 'unverified']],
	['a second leg that is not seen', pathOf(one, leg('kubelet', 'unknown', 'unknown')), ['verified', 'route unknown', 'TLS unknown']],
] as const) {
	test(`the facts of ${what} are ${words.join(', ') || 'none'}`, t => {
		t.deepEqual(pathFacts(path).map(({word}) => word), [...words]);
	});
}

test('the column of the words is as wide as the longest of them, with a blank behind it', t => {
	t.is(factColumn([]), 14);
	t.is(factColumn(pathFacts(pathOf(one, leg('kubelet', 'egress-http-connect', 'plain')))), 20);
});

for (const [to, subject, title] of [['kubelet', 'web', 'Path to web'], ['service', 'web', 'Path of the proxy to web'], [null, 'web', 'Path to web'], [null, '', 'Path']] as const) {
	test(`a path ${to === null ? 'that is not read' : `to a ${to}`} of ${subject || 'nothing'} is titled ${title}`, t => {
		t.is(pathTitle(to === null ? null : pathOf(one, leg(to, 'direct', 'plain')), subject), title);
	});
}

for (const [startTime, known, read, words] of [[null, 3, 1, ''], ['2026-11-25T00:00:00Z', null, 0, 'up 24h'], ['2026-11-25T00:00:00Z', 3, 1, 'up 24h, 1 of 3 read']] as const) {
	test(`of an apiserver process ${startTime === null ? 'that is not known' : known === null ? 'alone' : 'among others'} stands: ${words || 'nothing'}`, t => {
		t.is(processWords({...pathOf(one), process: {startTime, known, read}} as unknown as Path, Date.parse('2026-11-26T00:00:00Z')), words);
	});
}

for (const [reachable, words] of [['no', 'leg 2 is read once leg 1 is there'], ['yes', 'leg 2 is read within 2 s of the first connection'], ['not yet', 'leg 2 is read within 2 s of the first connection']] as const) {
	test(`where the apiserver answers: ${reachable}, of a path that is not read yet is said: ${words}`, t => {
		t.is(unreadWords({reachable}), words);
	});
}
