/** The path below a view. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {pathLines, shownPath, unreadLines} from '../../../source/session/frame/path-pane.tsx';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const said = {state: 'verified', basis: 'proven', evidence: [], need: []};
const leg = {to: 'apiserver', address: null, route: {...said, state: 'direct'}, tls: said};

const stateOf = (size: {columns: number; rows: number}) => emptySession(clusterState(null), size, 0);

const textOf = (state: SessionState) => {
	const screen = {state, theme: plainTheme, keymap: new Map(), hints: []};
	const path = shownPath(state);
	return (path === null ? unreadLines(screen) : pathLines(screen, path))
		.map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.trimEnd(),
		)
		.join('\n');
};

/** With `path` as that of the selected row. */
const withPath = (state: SessionState, path: Path): SessionState => {
	const row = {id: 'r', name: 'web'} as SessionState['lists']['pods']['visible'][number];
	const pods = {...state.lists.pods, visible: [row], cursorIndex: 0, phase: {kind: 'live'} as const};
	return {...state, lists: {...state.lists, pods}, selectedPath: {of: 'r', path}};
};

const pathTo = (to: 'service' | 'kubelet', kind: string, tls = 'plain') =>
	({
		phase: 'settled',
		process: {id: null, known: null, read: 0, startTime: null},
		target: {kind, name: 'web', node: 'n1', container: null},
		findings: [],
		evidence: [],
		legs: [
			{...leg, n: 1},
			{...leg, n: 2, to, tls: {...said, state: tls}},
		],
	}) as unknown as Path;

test('the path to a service is that of the proxy, with a note about logs and forwards', t => {
	const shown = (to: 'service' | 'kubelet', kind: string) => textOf(withPath(stateOf({columns: 200, rows: 40}), pathTo(to, kind)));
	t.regex(shown('service', 'Service'), /Logs and forwards go through the kubelet of a pod: see the path of a pod\.$/m);
	t.notRegex(shown('kubelet', 'Service'), /go through the kubelet of a pod/, 'a forward of a service goes to a kubelet');
	t.notRegex(shown('kubelet', 'Pod'), /go through the kubelet of a pod/);
});

test('below the path stands what it means, and evidence only if it differs from the row before', t => {
	const state = withPath(stateOf({columns: 100, rows: 24}), pathTo('kubelet', 'Pod', 'unverified'));
	t.regex(textOf(state), /^[^\n]+\n {3}encrypted, but the apiserver does not check who kubelet n1 is$/);
	t.regex(textOf({...state, isPathChanged: true}), /\n leg 2 direct +proven/);
});

test('a meaning that is too wide for the screen omits the name of the far end', t => {
	const path = pathTo('kubelet', 'Pod', 'enforced');
	const long = {...path, target: {...path.target, node: 'ip-10-0-12-34.eu-central-1.compute.internal'}};
	t.regex(textOf(withPath(stateOf({columns: 120, rows: 24}), long)), / the certificate of kubelet ip-10-0-12-34\S+ is accepted$/);
	t.regex(
		textOf(withPath(stateOf({columns: 80, rows: 24}), long)),
		/\n {3}nothing is sent unless the certificate of the kubelet is accepted$/,
	);
});

test('a low screen has the path line alone', t => {
	t.is(textOf(withPath(stateOf({columns: 100, rows: 16}), pathTo('kubelet', 'Pod'))).split('\n').length, 1);
});

test('a view without rows shows no pending path', t => {
	const state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	const pane = (of: Partial<SessionState>) => textOf({...state, ...of});
	const live = {...state.lists, pods: {...state.lists.pods, phase: {kind: 'live'} as const}};
	t.regex(pane({view: 'pods'}), /not determined yet/, 'the list is not there yet');
	for (const empty of [{view: 'pods', lists: live}, {view: 'forwards'}] as const) {
		t.regex(pane(empty), /Select a pod/);
		t.notRegex(pane(empty), /not determined yet/);
	}
});

const failedAt = {
	leg: 2,
	reason: 'last-attempt-failed',
	message: 'no agent is connected: No agent available',
	farEnd: 'kubelet n1',
	time: '1970-01-01T00:00:08.000Z',
	evidence: ['e1'],
	error: null,
};
const onNoNode = {leg: 2, reason: 'no-node', message: 'the pod is on no node yet', time: null, evidence: [], error: null};
const ofBroken: ReadonlyArray<[title: string, broken: object, node: string | null, line: RegExp, words: RegExp]> = [
	['that failed shows how long ago, and the message', failedAt, 'n1', /plain x kubelet n1$/m, /failed 12s ago:? +No agent available/],
	[
		'to another node than the attempted one names that node',
		{...failedAt, farEnd: 'kubelet n7'},
		'n1',
		/plain x kubelet n1$/m,
		/failed 12s ago to kubelet n7:? +No agent available/,
	],
	[
		'that failed with a text too long for the screen shows its meaning first',
		{...failedAt, message: 'the Konnectivity server is down: context deadline exceeded: connection error', evidence: ['e2']},
		'n1',
		/plain x kubelet n1$/m,
		/failed 12s ago:? +the Konnectivity server is down: /,
	],
	['to a pod on no node ends there', onNoNode, null, /plain x no node yet$/m, /would fail:? +the pod is on no node yet/],
];

for (const [title, broken, node, line, words] of ofBroken) {
	test(`a path ${title}`, t => {
		const path = {
			about: 'configuration',
			phase: 'settled',
			error: null,
			broken,
			process: {id: null, known: null, read: 0, startTime: null},
			target: {kind: 'Pod', name: 'web', node, container: null},
			findings: [],
			evidence: [
				{id: 'e1', observed: 'No agent available'},
				{id: 'e2', observed: 'context deadline exceeded: connection error: desc = "transport: Error while dialing"'},
			],
			legs: [leg, {...leg, to: 'kubelet', tls: {...said, state: 'plain'}}],
		} as unknown as Path;
		const pane = textOf(withPath(emptySession(clusterState(null), {columns: 80, rows: 24}, 20_000), path));
		t.regex(pane, line);
		t.regex(pane, words);
	});
}
