/** Tails and expanded lines. */
import type {TailSource} from '../../../../source/session/tail/tail-view.ts';
import {pathTo, unverifiedPath, type GivenConnection} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const refused =
	"the apiserver refuses the kubelet's certificate: the name is right, and the authority that signed it is not the one that it was given";
const sizes = [
	[120, 24],
	[80, 24],
	[40, 24],
] as const;
const source = (pod: string, more: Partial<TailSource> = {}): TailSource => ({
	context: null,
	shortContext: '',
	namespace: 'demo',
	pod,
	container: 'app',
	node: 'n1',
	short: pod,
	color: 1,
	on: true,
	state: 'open',
	note: '',
	isGone: false,
	...more,
});
const streamOf = (more: GivenConnection = {}): readonly GivenConnection[] => [
	{id: 'tail-1', kind: 'logs', what: 'pod/web', path: unverifiedPath, ...more},
];
const ended = pathTo('kubelet', {}, {about: 'ended-connection', time: '2026-11-28T13:48:31Z'});
const unknown = {tls: {state: 'unknown', basis: 'unknown'}, route: {state: 'unknown', basis: 'unknown'}};

export const tailStates: NamedStates = {
	'a tail that follows': {
		roles: true,
		spoken: true,
		connections: streamOf(),
		tail: {lines: ['one', 'two'], phase: 'following', counters: {reconnects: 1, possibleGaps: 1, restarts: 0}},
	},
	'a tail that does not follow': {
		roles: true,
		spoken: true,
		connections: streamOf(),
		tail: {lines: ['one', 'two', 'fatal', 'four', 'five'], at: 1, marked: new Set([3]), times: 'none', phase: 'following'},
	},
	'a mark on the selected line': {
		connections: streamOf(),
		tail: {lines: ['first', 'last'], at: 1, marked: new Set([1]), phase: 'following'},
	},
	'notices, which are complete': {
		roles: true,
		sizes,
		connections: streamOf(),
		tail: {lines: [{notice: 'app started again'}, {notice: refused}, refused]},
	},
	'a selected notice': {sizes, connections: streamOf(), tail: {lines: ['a', {notice: refused}], at: 1}},
	'an expanded line': {
		roles: true,
		spoken: true,
		connections: streamOf(),
		tail: {lines: ['{"level":"info","msg":"hello","port":80}'], at: 0, expanded: true, lineField: 1},
	},
	'an expanded notice': {connections: streamOf(), tail: {lines: [{notice: refused}], at: 0, expanded: true}},
	'a wrapped line': {sizes, connections: streamOf(), tail: {lines: ['x'.repeat(150)], wrap: true, phase: 'following'}},
	'plain lines': {connections: streamOf(), tail: {lines: ['x'.repeat(200), 'end'], plain: true, phase: 'following'}},
	...Object.fromEntries(
		(['1m', '5m', '1h', 'tail'] as const).map(since => [
			`an empty tail since ${since}`,
			{connections: streamOf(), tail: {phase: 'following', since}},
		]),
	),
	'a tail that opens': {connections: streamOf(), tail: {phase: 'opening'}},
	'a tail that waits for a container': {tail: {phase: 'waiting', note: 'ImagePullBackOff'}},
	'a tail that opens before it is connected': {tail: {lines: [{notice: refused}], phase: 'opening'}},
	'a tail that failed before it connected': {tail: {lines: [{notice: refused}], phase: 'failed'}},
	'a tail without response, with its last path': {roles: true, connections: streamOf(), tail: {lines: ['a'], phase: 'waiting'}},
	'a tail whose connection has ended': {connections: streamOf({path: ended}), tail: {lines: ['a'], phase: 'waiting'}},
	'a tail whose connection ended before it was used': {
		connections: streamOf({path: pathTo('kubelet', unknown, {about: 'ended-connection', phase: 'checking', time: '2026-11-28T13:48:31Z'})}),
		tail: {lines: [{notice: refused}], phase: 'failed'},
	},
	'a tail of pods of which most are deleted': {
		connections: streamOf(),
		tail: {
			lines: ['a'],
			phase: 'following',
			sources: [...Array.from({length: 12}, (_, at) => source(`old${at}`, {isGone: true, state: 'ended'})), source('new')],
		},
	},
	'a tail of two pods since 30 minutes': {
		sizes: [
			[100, 24],
			[80, 24],
			[70, 24],
		],
		connections: streamOf(),
		tail: {
			lines: Array.from({length: 1320}, () => 'a'),
			title: 'pod/web-5d9c7b-abcde',
			sources: [source('web-5d9c7b-abcde'), source('web-5d9c7b-bcdef')],
			since: '30m',
			follow: false,
		},
	},
};
