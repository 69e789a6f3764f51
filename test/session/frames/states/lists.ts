/** Lists of objects, the header above them and the path below them. */
import {SpokeError} from '../../../../source/base/errors/spoke-error.ts';
import type {ClusterState} from '../../../../source/session/frame/session-state.ts';
import {pathTo, stateTime, unverifiedPath} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const pods = ['api-7c9f8d6b5c-x2xkq  1/1  Running  0  n2', 'web-5d9c7b-abcde  0/1  CrashLoopBackOff  14 (63s ago)  n1'];
const header: Partial<ClusterState> = {
	context: 'prod-eu',
	legOne: {tls: 'verified', route: 'direct'},
	version: 'v1.36.3',
};
const verdict = {basis: 'proven', evidence: [], need: []};
const widths = [
	[120, 24],
	[80, 24],
	[60, 24],
	[40, 16],
] as const;
const live = {type: 'phase', phase: {kind: 'live'}} as const;
const broken = {
	leg: 2,
	reason: 'last-attempt-failed',
	message: 'no agent is connected: No agent available',
	farEnd: 'kubelet n1',
	time: '1970-01-01T00:00:48.000Z',
	evidence: ['e1'],
	error: null,
};
const evidence = [
	{id: 'e1', observed: 'No agent available'},
	{id: 'e2', observed: 'context deadline exceeded: connection error: desc = "transport: Error while dialing"'},
];
const plain = {tls: {state: 'plain'}};
const configuration = {about: 'configuration', evidence};
const long = 'ip-10-0-12-34.eu-central-1.compute.internal';
const unreachable: Partial<ClusterState> = {
	server: 'https://10.0.0.1',
	reachable: 'no',
	error: new SpokeError('ERR_APISERVER_UNREACHABLE', 'connection refused').toJSON(),
	retryAt: 90_000,
	attempts: {count: 1, last: []},
};

export const listStates: NamedStates = {
	'pods and the path of the selected one': {roles: true, spoken: true, pods, path: unverifiedPath, cluster: header},
	'the last pod selected': {spoken: true, pods, listEvents: [{type: 'move', by: 1}]},
	'pods with more columns': {spoken: true, pods, listEvents: [{type: 'wide'}]},
	'a narrow list, which keeps the most important columns': {
		sizes: [
			[70, 20],
			[64, 20],
			[50, 20],
		],
		cluster: {namespace: null},
		pods,
	},
	'pods in the order of a column that has no space otherwise': {
		sizes: [
			[80, 24],
			[50, 20],
		],
		cluster: {namespace: null},
		pods,
		listEvents: [{type: 'sort', column: 'NODE'}],
	},
	workloads: {view: 'workloads', workloads: ['web  2/3  1  ', 'report  0/1  0  Failed']},
	services: {view: 'services', services: ['web  ClusterIP  10.96.179.36  80/TCP,9090/TCP,7000/TCP', 'db  ClusterIP  None  7000/TCP']},
	nodes: {
		roles: true,
		spoken: true,
		view: 'nodes',
		nodes: ['cp  Ready  control-plane  v1.36.3  10.0.0.1', 'n1  NotReady  <none>  v1.36.3  10.0.0.2'],
	},
	events: {view: 'events', events: ['3s  Warning  BackOff  pod/b  back-off  3  b.1', '5m  Normal  Pulled  pod/a  image present  1  a.1']},
	'more rows than the screen has': {
		sizes: [
			[100, 24],
			[60, 24],
		],
		pods: Array.from({length: 30}, (_, index) => `${'a-long-name-'.repeat(3)}${String(index).padStart(2, '0')}  1/1  Running  0  n1`),
	},
	'a list without a match on a large screen': {sizes: [[200, 50]], pods, listEvents: [{type: 'filter', text: 'no-such-pod'}]},
	'pods on screens of all sizes': {
		sizes: [
			[40, 16],
			[110, 30],
			[300, 100],
		],
		pods,
		path: unverifiedPath,
	},
	'no pods': {spoken: true, listEvents: [live]},
	'no pods of a namespace that did not exist': {listEvents: [live], cluster: {missingNamespace: {name: 'demo', at: 60_000}}},
	'no pods, while another namespace did not exist': {listEvents: [live], cluster: {missingNamespace: {name: 'other', at: 60_000}}},
	'no pods for a selector': {listEvents: [{type: 'filter', text: '-l nope=1'}, {type: 'reset', selector: 'nope=1'}, live]},
	'no pods for a selector, while another one is typed': {
		listEvents: [{type: 'filter', text: '-l nope=1'}, {type: 'reset', selector: 'nope=1'}, live, {type: 'filter', text: '-l app in (web'}],
	},
	'a list that is not there yet': {cluster: {legOne: null, reachable: 'not yet'}},
	'an apiserver that does not respond': {roles: true, spoken: true, cluster: unreachable},
	'an apiserver that does not respond, for the second time': {
		spoken: true,
		now: 80_000,
		cluster: {...unreachable, attempts: {count: 2, last: []}},
	},
	'an audit of an apiserver that does not respond': {view: 'audit', cluster: unreachable},
	'a header without space for the name of the context': {
		sizes: widths,
		pods,
		cluster: {...header, context: 'a-context-of-some-length', namespace: null},
	},
	'a header with recorded shells': {sizes: widths, pods, cluster: header, recording: {directory: '/var/recordings', input: false}},
	'a header with recorded shells and input, and a requirement': {
		sizes: widths,
		pods,
		recording: {directory: '/var/recordings', input: true},
		cluster: {...header, required: [{states: ['verified'], minBasis: 'proven', undecided: 'refuse', source: null}]},
	},
	'a header with overdue requests': {sizes: widths, pods, cluster: {...header, asOf: Date.UTC(2026, 10, 26, 13, 48, 31)}},
	'a header with overdue requests of an apiserver that is down': {
		pods,
		cluster: {...header, asOf: Date.UTC(2026, 10, 26, 13, 48, 31), reachable: 'no'},
	},
	'the path to a service, which is that of the proxy': {
		view: 'services',
		services: ['web  ClusterIP  10.96.179.36  80/TCP'],
		path: pathTo('service', plain),
	},
	'the path of a forward of a service': {
		view: 'services',
		services: ['web  ClusterIP  10.96.179.36  80/TCP'],
		path: pathTo('kubelet', plain, {target: {kind: 'Service', name: 'web', node: 'n1', container: null}}),
	},
	'a path whose meaning is too wide with the name of the far end': {
		pods,
		path: pathTo('kubelet', {tls: {state: 'enforced'}}, {target: {kind: 'Pod', name: 'web', node: long, container: null}}),
	},
	'a low screen, with the path line alone': {sizes: [[100, 16]], pods, path: unverifiedPath},
	'a path that failed': {roles: true, pods, path: pathTo('kubelet', plain, {...configuration, broken})},
	'a path that failed to another node': {
		pods,
		path: pathTo('kubelet', plain, {...configuration, broken: {...broken, farEnd: 'kubelet n7'}}),
	},
	'a path that failed with a text too long for the screen': {
		pods,
		path: pathTo('kubelet', plain, {
			...configuration,
			broken: {...broken, message: 'the Konnectivity server is down: context deadline exceeded: connection error', evidence: ['e2']},
		}),
	},
	'a path to a pod on no node': {
		pods,
		path: pathTo('kubelet', plain, {
			...configuration,
			broken: {leg: 2, reason: 'no-node', message: 'the pod is on no node yet', time: null, evidence: [], error: null},
			target: {kind: 'Pod', name: 'web', node: null, container: null},
		}),
	},
	'a path of which little is known': {
		roles: true,
		pods,
		path: pathTo('kubelet', {
			tls: {...verdict, state: 'unknown', basis: 'unknown', need: [{permission: 'get nonResourceURL /flagz', check: null, or: null}]},
			route: {state: 'unknown', basis: 'unknown'},
		}),
	},
	'the hints of the first session': {
		sizes: [
			[120, 24],
			[60, 24],
		],
		pods,
		firstHints: {isDefaultKeymap: true},
	},
	'the hints of the first session without a row': {
		sizes: [
			[120, 24],
			[60, 24],
		],
		firstHints: {isDefaultKeymap: true},
	},
	'a low screen without hints': {sizes: [[120, 19]], firstHints: {isDefaultKeymap: true}},
	'a zoomed list, with the key that ends the zoom': {sizes: [[60, 24]], spoken: true, pods, zoom: true},
	'a zoomed list below messages': {sizes: [[60, 24]], pods, zoom: true, layers: [{kind: 'messages', top: 0}]},
	'a notice': {roles: true, spoken: true, pods, notice: {time: stateTime, text: 'copied api', role: 'plain', hint: ''}},
	'forwards of which some run': {pods, forwards: [{phase: 'open'}, {phase: 'stopped'}]},
	'forwards of which all run': {pods, forwards: [{phase: 'open'}, {phase: 'working'}]},
	'forwards of which none runs': {pods, forwards: [{phase: 'failed'}]},
};
