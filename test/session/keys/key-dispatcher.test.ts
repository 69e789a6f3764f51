/** Keys whose bytes arrive in pieces, and their frames. */
import {stat} from 'node:fs';
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {KeyInput} from '../../../source/session/keymap/decode-keys.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {Dialogs} from '../../../source/session/dialogs/dialogs.ts';
import {handlerOf} from '../../../source/session/frame/handlers.ts';
import {CanceledError, TypeAhead} from '../../../source/session/dialogs/type-ahead.ts';
import {KeyDispatcher} from '../../../source/session/keys/key-dispatcher.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

test('a key that arrives in pieces stays one key when the process was not running', async t => {
	const inputs: KeyInput[] = [];
	const session = {
		store: {state: {dialog: null}, drawOnce: (work: () => void) => work(), dispatch() {}},
		keymap: new Map(),
		typeAhead: {hold: (input: KeyInput) => inputs.push(input)},
	};
	const dispatcher = new KeyDispatcher({session} as never, {onReport() {}, onMouse() {}, onKeys() {}});
	dispatcher.bytes(Buffer.from('\u001B'));
	const {promise, resolve} = Promise.withResolvers<void>();
	// Called in the poll phase, as for the bytes of a terminal.
	stat('.', () => {
		dispatcher.bytes(Buffer.from('[15~'));
		resolve();
	});
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
	await promise;
	t.deepEqual(inputs, [{key: 'f5'}]);
});

test('what follows from a key changes the state before its one frame is drawn', t => {
	const order: string[] = [];
	const store = {
		state: {dialog: null},
		dispatch() {},
		drawOnce(work: () => void) {
			work();
			order.push('draw');
		},
	};
	const session = {store, keymap: new Map(), typeAhead: {hold: () => order.push('key')}};
	const onKeys = () => {
		order.push('onKeys');
	};

	new KeyDispatcher({session} as never, {onReport() {}, onMouse() {}, onKeys}).pass([{key: 'j'}]);
	t.deepEqual(order, ['key', 'onKeys', 'draw']);
});

test('Space switches the selected item of a picker that toggles, until a text is typed', async t => {
	const {store, dialogs, press} = await keysOfDialogs();
	const items = ['web', 'api'].map(id => ({id, cells: [id]}));
	const pick = async (toggles: boolean) => dialogs.pick({title: 'Pods', purpose: 'sources', items, toggles});
	let chosen = pick(true);
	press('down', 'space');
	t.is(await chosen, 'api');
	chosen = pick(true);
	press('w', 'space');
	t.like(store.state.dialog, {kind: 'picker', typed: {text: 'w '}});
	press('enter');
	t.is(await chosen, 'web');
	chosen = pick(false);
	press('down', 'space', 'enter');
	t.is(await chosen, 'api', 'a space alone does not move the cursor');
});

test('a failure card stays open at a key that is not its own', async t => {
	const {store, dialogs, press} = await keysOfDialogs();
	for (const key of ['esc', 'enter', 'q', 'ctrl+c']) {
		void dialogs.showCard('shell in web failed', new SpokeError('ERR_SECOND_LEG', 'no agent').toJSON());
		press('x', 'space', 'z', 'down', 'f5', 'ctrl+t');
		t.is(store.state.dialog?.kind, 'card');
		t.false(store.state.zoom);
		press(key);
		t.is(store.state.dialog, null, key);
	}
});

test('Esc cancels a long wait only where the footer says so, and leaves a layer otherwise', async t => {
	const {keymap} = await loadKeymap({}, 'default');
	const store = quietStore();
	const typeAhead = new TypeAhead(store, keymap, () => {});
	const session = fakeSession({store, keymap, typeAhead, work: new Map(), refreshFeeds() {}, showMessage() {}});
	const dispatcher = new KeyDispatcher(
		{session, dialogs: new Dialogs(store, typeAhead), handlerOf},
		{onReport() {}, onMouse() {}, onKeys() {}},
	);
	let isCanceled = false;
	let say: (text: string) => void = () => {};
	const waiting = typeAhead.showProgress('copy to web:/tmp/x', async (signal, sayNow) => {
		say = sayNow;
		signal.addEventListener('abort', () => {
			isCanceled = true;
		});
		return new Promise(() => {});
	});
	store.dispatchNow({type: 'push', layer: {kind: 'messages', top: 0}});
	say('copy to web:/tmp/x: 1 MB of 2 MB');
	t.is(store.state.notice?.hint, '');
	dispatcher.pass([{key: 'esc'}]);
	t.false(isCanceled);
	t.is(store.state.layers.length, 0);

	say('copy to web:/tmp/x: 1 MB of 2 MB');
	store.dispatchNow({type: 'notice', text: 'another message', now: 0});
	dispatcher.pass([{key: 'esc'}]);
	t.false(isCanceled);

	say('copy to web:/tmp/x: 1 MB of 2 MB');
	t.is(store.state.notice?.hint, 'Esc cancel');
	dispatcher.pass([{key: 'esc'}]);
	await t.throwsAsync(waiting, {instanceOf: CanceledError});
	t.true(isCanceled);
});

/** A store with dialogs, and the keys that they take. */
async function keysOfDialogs() {
	const {keymap} = await loadKeymap({}, 'default');
	const store = quietStore();
	const dialogs = new Dialogs(store, null as never);
	const typeAhead = {hold: () => false, cancel: () => false, stopWaiting: () => false, afterAnswer() {}};
	const session = fakeSession({store, keymap, typeAhead});
	const dispatcher = new KeyDispatcher({session, dialogs, handlerOf}, {onReport() {}, onMouse() {}, onKeys() {}});
	const press = (...keys: readonly string[]) => {
		dispatcher.pass(keys.map(key => ({key})));
	};

	return {store, dialogs, press};
}
