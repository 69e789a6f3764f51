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
const goOn = {unknownAnnotation: 'go-on'} as const;
const refuse = {unknownAnnotation: 'refuse'} as const;

test('selects the only container without a notice', t => {
	t.deepEqual(chooseContainer(one, undefined, goOn), {name: 'app', notice: null});
});

test('selects the first of several containers, with kubectl’s notice', t => {
	t.deepEqual(chooseContainer(many, undefined, goOn), {
		name: 'app',
		notice: 'Defaulted container "app" out of: app, side, debugger (ephem), setup (init)',
	});
});

test('selects the annotated container without a notice', t => {
	t.deepEqual(chooseContainer(annotated('side'), undefined, refuse), {name: 'side', notice: null});
});

test('prefers a named container of any role to the annotation', t => {
	for (const name of ['app', 'setup', 'debugger']) {
		t.deepEqual(chooseContainer(annotated('side'), name, refuse), {name, notice: null});
	}
});

test('rejects an annotation of a missing container, except for logs', t => {
	t.throws(() => chooseContainer(annotated('gone'), undefined, refuse), {
		code: 'ERR_NOT_FOUND',
		message: 'container gone is not valid for pod many out of: app, side, debugger (ephem), setup (init)',
	});
	t.deepEqual(chooseContainer(annotated('gone'), undefined, goOn), {
		name: 'app',
		notice: 'Default container name "gone" not found in pod many',
	});
});

test('lists the containers when the named one is unknown', t => {
	t.throws(() => chooseContainer(one, 'nope', goOn), {
		code: 'ERR_NOT_FOUND',
		message: 'container nope is not valid for pod one out of: app',
	});
});

test('lists containers in kubectl’s order', t => {
	t.deepEqual(
		allContainers(many).map(({name, role}) => `${role} ${name}`),
		['init setup', 'regular app', 'regular side', 'ephemeral debugger'],
	);
	t.is(containerNames(many), 'app, side, debugger (ephem), setup (init)');
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
