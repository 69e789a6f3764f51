/** Keys typed before a dialog opens. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {CanceledError, TypeAhead} from '../../../source/session/dialogs/type-ahead.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import type {SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import type {KeyInput} from '../../../source/session/keymap/decode-keys.ts';
import {eventLoopTurns} from '../../support/event-loop-turns.ts';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {until} from '../../support/until.ts';

function makeAhead(holdMs = 60_000) {
	const passed: string[] = [];
	const told: string[] = [];
	const store = {
		state: emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		dispatchNow(event: SessionEvent) {
			told.push(event.type === 'notice' ? event.text : event.type);
		},
	};
	const pass = (inputs: readonly KeyInput[]) => {
		passed.push(...inputs.map(input => ('key' in input ? input.key : 'paste' in input ? input.paste : '')));
	};

	const ahead = new TypeAhead(store, new Map(), pass, {holdMs, remindEveryMs: 10});
	const work = Promise.withResolvers<string>();
	return {ahead, passed, told, work};
}

test('held keys are passed on in order after the dialog could open', async t => {
	const {ahead, passed, work} = makeAhead();
	t.false(ahead.hold({key: 'x'}));
	const order: string[] = [];
	const asker = (async () => {
		await ahead.during({description: 'reading'}, async () => work.promise);
		order.push(`opened, ${passed.length} passed`);
	})();
	t.true(ahead.hold({key: '8'}));
	t.true(ahead.hold({paste: 'web'}));
	t.true(ahead.hold({key: 'enter'}));
	work.resolve('');
	await asker;
	await eventLoopTurns();
	t.deepEqual(order, ['opened, 0 passed']);
	t.deepEqual(passed, ['8', 'web', 'enter']);
	t.false(ahead.hold({key: 'x'}));
});

test('a wait that opens nothing drops the keys before its end, and holds none after it', async t => {
	const {ahead, passed, work} = makeAhead();
	const asker = ahead.during({description: 'checking', opens: () => false}, async () => work.promise);
	t.true(ahead.hold({key: 'a'}));
	work.resolve('');
	await asker;
	t.false(ahead.hold({key: 'w'}));
	await eventLoopTurns();
	t.deepEqual(passed, []);
});

test('a click counts as soon as a wait is over, although its keys are passed on later', async t => {
	const {ahead, work} = makeAhead();
	const asker = ahead.during({description: 'reading'}, async () => work.promise);
	t.true(ahead.isHolding);
	work.resolve('');
	await asker;
	t.false(ahead.isHolding);
});

test('the wait says how many keys are queued', async t => {
	const {ahead, told, work} = makeAhead();
	const asker = ahead.during({description: 'checking'}, async () => work.promise);
	ahead.hold({key: 'a'});
	ahead.hold({key: 'b'});
	t.deepEqual(told, ['checking …  1 key queued', 'checking …  2 keys queued']);
	work.resolve('');
	await asker;
});

test('a second wait takes over the held keys of the first', async t => {
	const {ahead, passed, work} = makeAhead();
	const second = Promise.withResolvers<string>();
	const asker = (async () => {
		await ahead.during({description: 'reading'}, async () => work.promise);
		await ahead.during({description: 'opening'}, async () => second.promise);
	})();
	ahead.hold({key: 'a'});
	work.resolve('');
	await eventLoopTurns();
	t.deepEqual(passed, []);
	t.true(ahead.hold({key: 'b'}));
	second.resolve('');
	await asker;
	await eventLoopTurns();
	t.deepEqual(passed, ['a', 'b']);
});

test('held keys are dropped when the work fails or leads elsewhere', async t => {
	const {ahead, passed} = makeAhead();
	const failing = ahead.during({description: 'reading'}, async () => {
		throw new Error('refused');
	});
	ahead.hold({key: 'y'});
	await t.throwsAsync(failing, {message: 'refused'});
	const checking = ahead.during({description: 'checking', opens: isDone => isDone}, async () => false);
	ahead.hold({key: 'z'});
	t.false(await checking);
	await eventLoopTurns();
	t.deepEqual(passed, []);
	t.false(ahead.hold({key: 'x'}));
});

test('held keys are dropped with a notice after the time limit', async t => {
	const {ahead, passed, told, work} = makeAhead(30);
	const asker = ahead.during({description: 'reading ports'}, async () => work.promise);
	ahead.hold({key: 'a'});
	ahead.hold({key: 'b'});
	await delay(60);
	t.false(ahead.hold({key: 'c'}));
	t.is(told.at(-1), 'reading ports is taking long: dropped the 2 keys typed meanwhile');
	work.resolve('late');
	t.is(await asker, 'late');
	await eventLoopTurns();
	t.deepEqual(passed, []);
});

test('keys beyond the limit are dropped from there on, never in between', async t => {
	const {ahead, passed, work} = makeAhead();
	const asker = ahead.during({description: 'reading'}, async () => work.promise);
	for (let count = 0; count < 300; count++) {
		ahead.hold({key: String(count)});
	}

	work.resolve('');
	await asker;
	await eventLoopTurns();
	t.deepEqual(
		passed,
		Array.from({length: 256}, (_, index) => String(index)),
	);
});

test('cancel ends the wait at once, aborts the work, and drops the held keys', async t => {
	const {ahead, passed, work} = makeAhead();
	let given: AbortSignal | undefined;
	const asker = ahead.during({description: 'reading'}, async signal => {
		given = signal;
		return work.promise;
	});
	ahead.hold({key: 'a'});
	t.true(ahead.cancel());
	await t.throwsAsync(asker, {instanceOf: CanceledError});
	t.true(given?.aborted);
	t.false(ahead.cancel());
	await eventLoopTurns();
	t.deepEqual(passed, []);
});

test('a long wait is shown until it ends, holds no key, and is canceled on its own', async t => {
	const {ahead, told, work} = makeAhead();
	let given: AbortSignal | undefined;
	const asker = ahead.showProgress('waiting for debugger-1', async (signal, say) => {
		given = signal;
		say('waiting for debugger-1: ErrImagePull');
		return work.promise;
	});
	told.length = 0;
	await until(() => told.length >= 2, told);

	t.deepEqual(new Set(told), new Set(['waiting for debugger-1: ErrImagePull …']));
	t.false(ahead.hold({key: 'a'}));
	t.false(ahead.cancel());
	t.true(ahead.stopWaiting());
	await t.throwsAsync(asker, {instanceOf: CanceledError});
	t.true(given?.aborted);
	t.false(ahead.stopWaiting());
	const count = told.length;
	await delay(40);
	t.is(told.length, count);
});

test('held input for a shell is passed on as raw bytes', t => {
	const {ahead, work} = makeAhead();
	void ahead.during({description: 'shell'}, async () => work.promise);
	for (const key of ['l', 's', 'space', 'up', 'alt+b', 'é', 'enter']) {
		ahead.hold({key});
	}

	t.is(ahead.takeBytes().toString(), 'ls \u001B[A\u001Bbé\r');
	work.resolve('');
});

test('f and Enter in one burst start the forward: Enter goes to the form', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type('/web\rf\r');
	// Another test may use the suggested local port.
	await session.sees(/forwards to web-|port \d+ is in use/);
	t.notRegex(session.text(), /Details/);
});

test('a key after a form goes to what opens next', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	// Another test may use the suggested local port.
	session.type('/web\rf\t\u0015\r5');
	await session.sees(/┤5 Forwards 1├/);
	await session.sees(/● :\d+ +pod\/web/);
});

test('Esc cancels a form that has not opened yet', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type('/web\r');
	await session.sees(/filter: web/);
	await sandbox.switches.set({stall: 'on'});
	session.type('fx\u001B[200~y\u001B[201~');
	await session.sees(/2 keys queued/);
	session.type('\u001B');
	await session.loses(/keys queued/);
	await sandbox.switches.set({stall: 'off'});
	session.press('view.forwards');
	await session.sees(/┤5 Forwards├/);
	t.notRegex(session.raw(), /Forward from/);
});

test('a namespace can be typed right after its key', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type('nshop\r');
	await session.sees(/checkout-/);
});
