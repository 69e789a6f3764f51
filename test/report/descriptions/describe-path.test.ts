/** What a path means, in a sentence that says no more than its verdicts. */
import test from 'ava';
import {describePathMeaning} from '../../../source/report/descriptions/describe-path.ts';
import type {Basis, Leg, Path, TlsState} from '../../../source/evidence/evidence.ts';

type Tls = readonly [TlsState, Basis];

function pathOf(first: Tls, second: Tls, to: Leg['to'] = 'kubelet', node: string | null = 'n1'): Path {
	const leg = (n: 1 | 2, end: Leg['to'], [state, basis]: Tls) => ({n, to: end, tls: {state, basis, need: [], evidence: []}});
	return {
		legs: [leg(1, 'apiserver', first), leg(2, to, second)],
		target: {kind: to === 'service' ? 'Service' : 'Pod', name: 'web', node},
	} as unknown as Path;
}

const verified: Tls = ['verified', 'proven'];

const rows: ReadonlyArray<readonly [string, Path, string]> = [
	['verified', pathOf(verified, verified), 'encrypted, and the apiserver checks the certificate of kubelet n1'],
	['unverified', pathOf(verified, ['unverified', 'proven']), 'encrypted, but the apiserver does not check who kubelet n1 is'],
	['inferred', pathOf(verified, ['verified', 'inferred']), 'inferred: encrypted, and the apiserver checks the certificate of kubelet n1'],
	['plain', pathOf(verified, ['plain', 'proven'], 'service'), 'plain HTTP, without TLS, from the apiserver to service web'],
	['refused', pathOf(verified, ['refused', 'proven']), 'the apiserver does not accept the certificate of kubelet n1'],
	['enforced', pathOf(verified, ['enforced', 'proven']), 'nothing is sent unless the certificate of kubelet n1 is accepted'],
	['unknown', pathOf(verified, ['unknown', 'unknown']), 'TLS to kubelet n1 is not known'],
	[
		'of no certain node',
		pathOf(verified, ['unverified', 'proven'], 'kubelet', null),
		'encrypted, but the apiserver does not check who the kubelet is',
	],
	[
		'of two unverified legs',
		pathOf(['unverified', 'proven'], ['unverified', 'proven']),
		'encrypted, but spoke does not check who the apiserver is; encrypted, but the apiserver does not check who kubelet n1 is',
	],
];

for (const [name, path, sentence] of rows) {
	test(`a path that is ${name} means: ${sentence.slice(0, 50)}`, t => {
		t.is(describePathMeaning(path), sentence);
	});
}

test('the needed permission follows what is not known', t => {
	const path = pathOf(verified, ['unknown', 'unknown']);
	const second = path.legs[1]!;
	const need = [{permission: 'get nonResourceURL /flagz', or: null}];
	t.regex(
		describePathMeaning({...path, legs: [path.legs[0]!, {...second, tls: {...second.tls, need}}]} as unknown as Path),
		/TLS to kubelet n1 is not known; needs get nonResourceURL \/flagz$/,
	);
});

test('a reason follows what is not known', t => {
	const path = pathOf(verified, ['unknown', 'unknown']);
	const why = 'verification is on; it is unknown whether the kubelet has responded';
	t.is(
		describePathMeaning({...path, legs: [path.legs[0]!, {...path.legs[1]!, tls: {...path.legs[1]!.tls, why}}]}),
		`TLS to kubelet n1 is not known: ${why}`,
	);
});
