/** Needs after an apiserver could not be read. */
import test from 'ava';
import type {UnavailableSource, Need} from '../../../source/evidence/evidence.ts';
import {needActive, needFlagz, needMetrics, needMirrorPods, obtainableNeeds} from '../../../source/evidence/rules/needs.ts';

const unavailable = (source: UnavailableSource['source'], reason: UnavailableSource['reason']): UnavailableSource => ({
	source,
	where: '',
	reason,
	need: null,
});
const requests = [needFlagz, needMirrorPods, needMetrics];
const answerOf = (path: string) => `a response to GET ${path} in time: the next connection tries again`;
const answer = answerOf('/flagz');

/** A text in `needs` is a need without a permission. */
const rows: ReadonlyArray<[title: string, observations: readonly UnavailableSource[], needs: ReadonlyArray<Need | string>]> = [
	['nothing was requested yet', [], requests],
	[
		'all are refused',
		[unavailable('flagz', 'forbidden'), unavailable('mirror-pod', 'forbidden'), unavailable('metrics', 'forbidden')],
		requests,
	],
	['/flagz is not served', [unavailable('flagz', 'not-served')], [needMirrorPods, needMetrics]],
	[
		'nothing is served',
		[unavailable('flagz', 'not-served'), unavailable('mirror-pod', 'not-served'), unavailable('metrics', 'not-served')],
		[needActive],
	],
	['flags did not arrive in time', [unavailable('flagz', 'no-response')], [answer]],
	[
		'flags did not arrive in time, and pods of kube-system are refused',
		[unavailable('flagz', 'no-response'), unavailable('mirror-pod', 'forbidden')],
		[answer, needMirrorPods],
	],
	['metrics did not arrive in time', [unavailable('metrics', 'no-response')], [needFlagz, needMirrorPods, answerOf('/metrics')]],
];

for (const [title, observations, needs] of rows) {
	test(`${title}: ${needs.map(need => (typeof need === 'string' ? need : (need.permission ?? need.or))).join(', ')}`, t => {
		t.deepEqual(
			obtainableNeeds({unavailable: observations}, requests),
			needs.map(need => (typeof need === 'string' ? {permission: null, check: null, or: need} : need)),
		);
	});
}
