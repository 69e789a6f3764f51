import test from 'ava';
import {
	allContainers,
	chooseContainer,
	containerNames,
	attachableContainers,
	defaultContainerAnnotation,
} from '../../../source/cluster/targets/choose-container.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';

const one: PodObject = {metadata: {name: 'one'}, spec: {containers: [{name: 'app'}]}};
const many: PodObject = {
	metadata: {name: 'many'},
	spec: {containers: [{name: 'app'}, {name: 'side'}], initContainers: [{name: 'setup'}], ephemeralContainers: [{name: 'debugger'}]},
};
const annotated = (name: string): PodObject => ({...many, metadata: {name: 'many', annotations: {[defaultContainerAnnotation]: name}}});

const order = 'app, side, debugger (ephem), setup (init)';
for (const [title, pod, asked, unknownAnnotation, name, notice] of [
	['the only container without a notice', one, undefined, 'go-on', 'app', null],
	['the first of several, with kubectl’s notice', many, undefined, 'go-on', 'app', `Defaulted container "app" out of: ${order}`],
	['the annotated container without a notice', annotated('side'), undefined, 'refuse', 'side', null],
	['a named container rather than the annotated one', annotated('side'), 'app', 'refuse', 'app', null],
	['a named init container rather than the annotated one', annotated('side'), 'setup', 'refuse', 'setup', null],
	['a named debug container rather than the annotated one', annotated('side'), 'debugger', 'refuse', 'debugger', null],
	[
		'another one for a log if the annotated one is missing',
		annotated('gone'),
		undefined,
		'go-on',
		'app',
		'Default container name "gone" not found in pod many',
	],
] as const) {
	test(`selects ${title}`, t => {
		t.deepEqual(chooseContainer(pod, asked, {unknownAnnotation}), {name, notice});
	});
}

for (const [title, pod, asked, unknownAnnotation, message] of [
	[
		'an annotation of a missing container',
		annotated('gone'),
		undefined,
		'refuse',
		`container gone is not valid for pod many out of: ${order}`,
	],
	['an unknown container', one, 'nope', 'go-on', 'container nope is not valid for pod one out of: app'],
] as const) {
	test(`rejects ${title}, and lists those there are`, t => {
		t.throws(() => chooseContainer(pod, asked, {unknownAnnotation}), {code: 'ERR_NOT_FOUND', message});
	});
}

test('lists containers in kubectl’s order', t => {
	t.deepEqual(
		allContainers(many).map(({name, role}) => `${role} ${name}`),
		['init setup', 'regular app', 'regular side', 'ephemeral debugger'],
	);
	t.is(containerNames(many), order);
});

test('offers no terminated debug container, and only running init containers', t => {
	const names = (status: NonNullable<PodObject['status']>) => attachableContainers({...many, status}).map(({name}) => name);
	const ended = {terminated: {exitCode: 0}};
	const running = {running: {}};
	const of = (name: string, state: object) => [{name, state, ready: false, restartCount: 0}];
	t.deepEqual(names({}), ['app', 'side', 'debugger']);
	t.deepEqual(names({ephemeralContainerStatuses: of('debugger', running), initContainerStatuses: of('setup', running)}), [
		'setup',
		'app',
		'side',
		'debugger',
	]);
	t.deepEqual(
		names({
			ephemeralContainerStatuses: of('debugger', ended),
			initContainerStatuses: of('setup', ended),
			containerStatuses: of('app', ended),
		}),
		['app', 'side'],
	);
});
