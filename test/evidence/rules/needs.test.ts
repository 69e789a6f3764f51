/** Which rights are named, where a look at an apiserver told nothing. */
import test from 'ava';
import type {UnavailableSource, Need} from '../../../source/evidence/evidence.ts';
import {needActive, needFlagz, needMetrics, needMirrorPods, obtainableNeeds} from '../../../source/evidence/rules/needs.ts';

const closed = (source: UnavailableSource['source'], because: UnavailableSource['because']): UnavailableSource => ({
	source,
	where: '',
	because,
	need: null,
});
const asked = [needFlagz, needMirrorPods, needMetrics];
const answer = 'an answer to GET /flagz in time: the next connection asks again';

const rows: ReadonlyArray<[title: string, closed: readonly UnavailableSource[], needs: ReadonlyArray<Need | string>]> = [
	['nothing was asked yet', [], asked],
	['all are refused', [closed('flagz', 'forbidden'), closed('mirror-pod', 'forbidden'), closed('metrics', 'forbidden')], asked],
	['/flagz is not served', [closed('flagz', 'not-served')], [needMirrorPods, needMetrics]],
	['nothing is served', [closed('flagz', 'not-served'), closed('mirror-pod', 'not-served'), closed('metrics', 'not-served')], [needActive]],
	['flags did not come in time', [closed('flagz', 'no-answer')], [answer]],
	[
		'flags did not come in time, and pods of kube-system are refused',
		[closed('flagz', 'no-answer'), closed('mirror-pod', 'forbidden')],
		[answer, needMirrorPods],
	],
];

for (const [title, grounds, needs] of rows) {
	test(`${title}: ${needs.map(need => (typeof need === 'string' ? need : (need.permission ?? need.or))).join(', ')}`, t => {
		t.deepEqual(
			obtainableNeeds({closed: grounds}, asked),
			needs.map(need => (typeof need === 'string' ? {permission: null, check: null, or: need} : need)),
		);
	});
}
