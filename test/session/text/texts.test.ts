/** Details and doctor screens. */
import test from 'ava';
import {openDetails, yamlHandlers} from '../../../source/session/text/details-handlers.ts';
import {doctorHandlers} from '../../../source/session/why/doctor-handlers.ts';
import {searchInText} from '../../../source/session/text/text-handlers.ts';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Layer} from '../../../source/session/frame/session-state.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

/** Its cluster refuses everything once `answer` is called. */
function sessionWithPod() {
	const store = quietStore();
	store.dispatch({
		type: 'list',
		list: 'pods',
		event: {
			type: 'page',
			chunk: 'pods',
			first: true,
			rows: [{id: 'uid-web', namespace: 'default', name: 'web', cells: ['1/1', 'Running', '0', 'n1', ''], created: 0, gone: null}],
		},
	});
	const answered = Promise.withResolvers<void>();
	const refuse = async () => {
		await answered.promise;
		throw new SpokeError('ERR_FORBIDDEN', 'you may not');
	};

	let ids = 0;
	let closed = 0;
	const access = {
		facts: {context: 'main', namespace: 'default', server: 'https://host'},
		connect: refuse,
		request: refuse,
		json: refuse,
		close() {
			closed++;
		},
	} as unknown as ClusterClient;
	const cluster = {access, context: 'main'};
	const session = fakeSession({
		store,
		flags: {},
		cluster,
		clusters: new Map([['main', cluster]]),
		nextId: () => `text-${++ids}`,
		open: async () => access,
	});
	return {session, store, answer: answered.resolve, closed: () => closed};
}

const isBusy = (layer: Layer | undefined) => layer?.kind === 'text' && layer.busy;

test('a text is filled while help covers it', async t => {
	const {session, store, answer} = sessionWithPod();
	const details = openDetails(session);
	const doctor = doctorHandlers['list/doctor'](session);
	store.dispatchNow({type: 'push', layer: {kind: 'help', keyContext: 'doctor', top: 0}});
	t.deepEqual(
		store.state.layers.map(layer => isBusy(layer)),
		[true, true, false],
	);
	answer();
	await Promise.all([details, doctor]);
	t.deepEqual(
		store.state.layers.map(layer => isBusy(layer)),
		[false, false, false],
	);
});

test('a doctor run fills its own text, not a later one of the same target', async t => {
	const {session, store, answer} = sessionWithPod();
	const first = doctorHandlers['list/doctor'](session);
	store.dispatchNow({type: 'pop'});
	const other = sessionWithPod();
	const second = doctorHandlers['list/doctor']({...session, open: other.session.open});
	answer();
	await first;
	t.true(isBusy(store.state.layers.at(-1)));
	other.answer();
	await second;
	t.false(isBusy(store.state.layers.at(-1)));
});

test('a doctor run closes the cluster client that it opened', async t => {
	const {session, answer, closed} = sessionWithPod();
	const walked = doctorHandlers['list/doctor'](session);
	answer();
	await walked;
	t.is(closed(), 1);
});

test('refresh loads YAML that failed at first and keeps YAML that was read before', async t => {
	const {session, store} = sessionWithPod();
	let answer: () => unknown = () => {
		throw new SpokeError('ERR_FORBIDDEN', 'you may not', {remedy: 'ask for it'});
	};

	const told: string[] = [];
	const cluster = {context: 'main', access: {facts: {namespace: 'default'}, json: async () => answer()}};
	Object.assign(session, {
		cluster,
		clusters: new Map([['main', cluster]]),
		showMessage(text: string) {
			told.push(text);
		},
		showFailure(about: string, error: Error) {
			told.push(`${about}: ${error.message}`);
		},
	});
	const texts = () => {
		const layer = store.state.layers.at(-1);
		return layer?.kind === 'text' && !layer.busy ? layer.lines.map(({text}) => text) : null;
	};

	await yamlHandlers['list.yaml'](session);
	t.deepEqual(texts(), ['you may not', 'ask for it']);
	answer = () => ({kind: 'Pod', metadata: {name: 'web'}});
	await yamlHandlers['yaml/refresh'](session);
	t.deepEqual(texts(), ['kind: Pod', 'metadata:', '  name: web']);
	answer = () => {
		throw new SpokeError('ERR_NOT_FOUND', 'pods "web" is gone');
	};

	await yamlHandlers['yaml/refresh'](session);
	t.deepEqual(texts(), ['kind: Pod', 'metadata:', '  name: web']);
	t.deepEqual(told, ['YAML of pod/web: you may not', 'refreshed', 'refresh: pods "web" is gone']);
	answer = () => null;
	await t.throwsAsync(async () => yamlHandlers['yaml/refresh'](session), {instanceOf: TypeError}, 'a bug of ours is none of the cluster’s');
});

test('an invalid regular expression is reported as such, not as no match', async t => {
	const {session, store} = sessionWithPod();
	store.dispatchNow({
		type: 'push',
		layer: {
			kind: 'text',
			title: 'Forward',
			subject: ':8080',
			status: '',
			lines: [{text: 'open'}],
			top: 0,
			keyContext: 'details',
			copy: '',
			command: null,
			busy: false,
		},
	});
	const notes: string[] = [];
	Object.assign(session, {
		env: {},
		keymap: new Map(),
		async promptForText({onChange, note}: {onChange: (text: string, regex: boolean) => void; note: (text: string) => string}) {
			for (const [text, regex] of [
				['(', true],
				['open', false],
			] as const) {
				onChange(text, regex);
				notes.push(note(text));
			}

			return 'open';
		},
	});
	await searchInText(session);
	t.deepEqual(notes, ['invalid regular expression: unterminated group', '1 match']);
});
