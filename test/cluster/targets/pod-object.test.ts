/** A pod's status as in kubectl. */
import test from 'ava';
import {type PodObject, podStatus} from '../../../source/cluster/targets/pod-object.ts';

type Given = NonNullable<PodObject['status']> & {deletionTimestamp?: string; spec?: Partial<PodObject['spec']>};

const waiting = (reason: string) => ({name: 'app', state: {waiting: {reason}}});

const ended = (exitCode: number, more: object = {}) => ({name: 'app', state: {terminated: {exitCode, ...more}}});
const running = {name: 'side', ready: true, state: {running: {}}};

const init = (...containers: ReadonlyArray<{name: string; restartPolicy?: string}>) => ({initContainers: containers});
const ready = {type: 'Ready', status: 'True'};

const rows: ReadonlyArray<[word: string, given: Given]> = [
	['Running', {phase: 'Running', containerStatuses: [running]}],
	['CrashLoopBackOff', {phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff')]}],
	['OOMKilled', {phase: 'Running', containerStatuses: [ended(137, {reason: 'OOMKilled'})]}],
	['ExitCode:3', {phase: 'Failed', containerStatuses: [ended(3)]}],
	['Signal:9', {phase: 'Failed', containerStatuses: [ended(137, {signal: 9})]}],
	['CrashLoopBackOff', {phase: 'Running', containerStatuses: [running, waiting('CrashLoopBackOff')]}],
	['Completed', {phase: 'Succeeded', containerStatuses: [ended(0, {reason: 'Completed'})]}],
	['NotReady', {phase: 'Running', containerStatuses: [ended(0, {reason: 'Completed'}), running]}],
	['Running', {phase: 'Running', conditions: [ready], containerStatuses: [ended(0, {reason: 'Completed'}), running]}],
	['Evicted', {phase: 'Failed', reason: 'Evicted'}],
	['Pending', {phase: 'Pending'}],
	['SchedulingGated', {phase: 'Pending', conditions: [{type: 'PodScheduled', status: 'False', reason: 'SchedulingGated'}]}],
	['Init:0/2', {phase: 'Pending', spec: init({name: 'a'}, {name: 'b'}), initContainerStatuses: [{name: 'a', state: {running: {}}}]}],
	[
		'Init:CrashLoopBackOff',
		{phase: 'Pending', spec: init({name: 'a'}), initContainerStatuses: [{...waiting('CrashLoopBackOff'), name: 'a'}]},
	],
	['Init:Error', {phase: 'Pending', spec: init({name: 'a'}), initContainerStatuses: [{...ended(1, {reason: 'Error'}), name: 'a'}]}],
	[
		'PodInitializing',
		{
			phase: 'Pending',
			spec: init({name: 'a'}),
			initContainerStatuses: [{...ended(0), name: 'a'}],
			containerStatuses: [waiting('PodInitializing')],
		},
	],
	[
		'Running',
		{
			phase: 'Running',
			spec: init({name: 'a', restartPolicy: 'Always'}),
			initContainerStatuses: [{name: 'a', started: true, state: {running: {}}}],
			containerStatuses: [running],
		},
	],
	['Terminating', {phase: 'Running', deletionTimestamp: '2026-11-26T17:05:02Z', containerStatuses: [running]}],
	['Unknown', {phase: 'Running', reason: 'NodeLost', deletionTimestamp: '2026-11-26T17:05:02Z'}],
	['Completed', {phase: 'Succeeded', deletionTimestamp: '2026-11-26T17:05:02Z', containerStatuses: [ended(0, {reason: 'Completed'})]}],
];

for (const [index, [word, {deletionTimestamp, spec = {}, ...status}]] of rows.entries()) {
	test(`status ${index + 1} is ${word}`, t => {
		t.is(
			podStatus({
				metadata: {name: 'web', ...(deletionTimestamp === undefined ? {} : {deletionTimestamp})},
				spec: {containers: [{name: 'app'}], ...spec},
				status,
			}),
			word,
		);
	});
}
