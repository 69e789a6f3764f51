/** Keys whose bytes arrive in pieces, and their frames. */
import {stat} from 'node:fs';
import test from 'ava';
import type {KeyInput} from '../../../source/keymap/decode-keys.ts';
import {KeyDispatcher} from '../../../source/session/keys/key-dispatcher.ts';

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
