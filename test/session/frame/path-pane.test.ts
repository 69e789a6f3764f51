/** The vertical path beside a list. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {pathPane} from '../../../source/session/frame/path-pane.ts';
import {verticalPath} from '../../../source/session/frame/vertical-path.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const said = {state: 'verified', basis: 'proven', evidence: [], need: []};
const leg = {to: 'apiserver', address: null, route: {...said, state: 'direct'}, tls: said};

function shown(to: 'service' | 'kubelet', kind: string): string {
	const path = {
		phase: 'settled',
		process: {id: null, known: null, read: 0, startTime: null},
		target: {kind, name: 'web', node: 'n1', container: null},
		findings: [],
		evidence: [],
		legs: [leg, {...leg, to, tls: {...said, state: 'plain'}}],
	} as unknown as Path;
	const state = emptySession(clusterState(null), {columns: 200, rows: 40}, 0);
	return verticalPath({state, theme: plainTheme, keymap: new Map(), hints: [], tail: null}, path, 'web', 30, 60)
		.map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.replace(/^\|/, '')
				.trim(),
		)
		.join(' ')
		.replaceAll(/\s+/g, ' ');
}

test('the path to a service is that of the proxy, with a note about logs and forwards', t => {
	t.regex(
		shown('service', 'Service'),
		/^Path to web through the apiserver proxy .* plain proven .* This is the path of requests through the apiserver proxy\. Logs and forwards of a service use the kubelet of one of its pods/,
	);
	t.notRegex(shown('kubelet', 'Service'), /way of the proxy/, 'a forward of a service goes to a kubelet');
	t.notRegex(shown('kubelet', 'Pod'), /way of the proxy/);
});

test('a view without rows shows no pending path', t => {
	const state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	const pane = (of: Partial<SessionState>) =>
		pathPane({state: {...state, ...of}, theme: plainTheme, keymap: new Map(), hints: [], tail: null}, null, 3, 80)
			.map(({spans}) => spans.map(({text}) => text).join(''))
			.join('\n');
	const live = {...state.lists, pods: {...state.lists.pods, phase: {kind: 'live'} as const}};
	t.regex(pane({view: 'pods'}), /not determined yet/, 'the list is not there yet');
	for (const empty of [{view: 'pods', lists: live}, {view: 'forwards'}] as const) {
		t.regex(pane(empty), /Nothing is selected/);
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
			evidence: [{id: 'e1', observed: 'No agent available'}],
			legs: [leg, {...leg, to: 'kubelet', tls: {...said, state: 'plain'}}],
		} as unknown as Path;
		const screen = {
			state: emptySession(clusterState(null), {columns: 80, rows: 24}, 20_000),
			theme: plainTheme,
			keymap: new Map(),
			hints: [],
			tail: null,
		};
		const text = (lines: ReturnType<typeof pathPane>) =>
			lines
				.map(({spans}) =>
					spans
						.map(({text}) => text)
						.join('')
						.trimEnd(),
				)
				.join('\n');
		const pane = text(pathPane(screen, path, 3, 80));
		t.regex(pane, line);
		t.regex(pane, words, 'also where there is no room for all facts');
		t.regex(text(verticalPath(screen, path, 'web', 30, 60)), words);
	});
}
