/** How the path line shrinks. */
import test from 'ava';
import {farEndLabel} from '../../../source/report/descriptions/describe-path.ts';
import type {Basis, Path, RouteState, TlsState} from '../../../source/evidence/evidence.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {pathLineSpans, replicaLetter} from '../../../source/session/kit/path-line-spans.ts';

type Words = readonly [route: RouteState, routeBasis: Basis, tls: TlsState, tlsBasis: Basis];

function pathOf(first: Words, second: Words): Path {
	const leg = (n: number, from: string, to: string, [route, routeBasis, tls, tlsBasis]: Words) => ({
		n,
		from,
		to,
		route: {state: route, basis: routeBasis},
		tls: {state: tls, basis: tlsBasis},
	});
	return {
		phase: 'settled',
		target: {kind: 'Pod', name: 'api-7c9f8d6b5c-x2xkq', container: 'app', node: 'n7'},
		legs: [leg(1, 'you', 'apiserver', first), leg(2, 'apiserver', 'kubelet', second)],
		error: null,
	} as unknown as Path;
}

const good: Words = ['direct', 'proven', 'verified', 'proven'];
const lax: Words = ['direct', 'proven', 'unverified', 'proven'];
const far: Words = ['konnectivity', 'proven', 'unverified', 'proven'];
const shown = (path: Path, width: number) =>
	pathLineSpans(path, width, unicodeGlyphs, 'a')
		.map(({text}) => text)
		.join('');

const cases: ReadonlyArray<readonly [width: number, expected: string]> = [
	[110, 'you ━ direct ━ verified ━► apiserver a ━ konnectivity ━ unverified ━► kubelet n7 ─► api-7c9f8d6b5c-x2xkq/app'],
	[100, 'you ━ verified ━► apiserver a ━ konnectivity ━ unverified ━► kubelet n7 ─► api-7c9f8d6b5c-x2xkq/app'],
	[79, 'you ━ verified ━► apiserver a ━ konnectivity ━ unverified ━► kubelet n7'],
	[70, 'you ━ verified ━► apiserver ━ konnectivity ━ unverified ━► kubelet n7'],
	[50, '━ verified ━► apiserver ━ konn ━ unverified ━► n7'],
	[42, '1 ━ verified  2 ━ konn ━ unverified ━► n7'],
	[38, '2 ━ konnectivity ━ unverified ━► n7'],
	[28, '2 ━ konn ━ unverified ━► n7'],
	[17, '2 ━ unverified ━►'],
];
for (const [width, expected] of cases) {
	test(`in ${width} cells the path line is ${expected}`, t => {
		t.is(shown(pathOf(good, far), width), expected);
	});
}

test('leg 1 stays unless it is proven to be verified', t => {
	t.is(shown(pathOf(lax, far), 44), '1 ━ unverified  2 ━ konn ━ unverified ━► n7');
	t.is(shown(pathOf(lax, far), 40), '1 ━ unverified  2 ━ konn ━ unverified ━►');
	t.is(shown(pathOf(lax, far), 33), '1 ━ unverified  2 ━ unverified ━►');
	t.is(shown(pathOf(['direct', 'proven', 'verified', 'inferred'], far), 33), '1 ╍ verified  2 ━ unverified ━►');
});

test('no TLS state is cut at any width that fits it', t => {
	for (let width = 17; width < 130; width++) {
		t.regex(shown(pathOf(good, far), width), /unverified/);
		t.true([...shown(pathOf(good, far), width)].length <= width);
	}
});

test('a kubelet never has the name of a workload or pod', t => {
	const path = pathOf(good, far);
	const of = (target: Partial<Path['target']>, to: Path['legs'][number]['to']) =>
		farEndLabel({broken: null, target: {...path.target, ...target}}, {to});
	t.is(of({name: 'deploy/web', node: null}, 'kubelet'), '');
	t.is(of({kind: 'Node', name: 'n7', node: null}, 'kubelet'), 'n7');
	t.is(of({}, 'kubelet'), 'n7');
	t.is(of({kind: 'Service', name: 'web', node: null}, 'service'), 'web');
});

test('apiserver processes have letters in the order of their use if a cluster has several', t => {
	const processes = [
		{context: 'eu', id: '1'},
		{context: 'us', id: '2'},
		{context: 'eu', id: '3'},
		{context: 'us', id: '4'},
		{context: 'sa', id: '5'},
	];
	const letter = (context: string, id: string | null) => replicaLetter(processes, {cluster: {context}, process: {id}} as Path);
	t.deepEqual(
		[letter('eu', '1'), letter('us', '2'), letter('eu', '3'), letter('us', '3'), letter('eu', null), letter('sa', '5')],
		['a', 'a', 'b', null, null, null],
	);
});
