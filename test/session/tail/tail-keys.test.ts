/** Keys in a tail. */
import {setImmediate} from 'node:timers/promises';
import test from 'ava';
import {forwardHandlers} from '../../../source/session/forwards/forward-handlers.ts';
import {chooseFields, chooseSources} from '../../../source/session/tail/tail-search.ts';
import {visibleTexts} from '../../../source/session/tail/export-lines.ts';
import {doctorHandlers} from '../../../source/session/why/doctor-handlers.ts';
import {navigationHandlers} from '../../../source/session/frame/navigation-handlers.ts';
import {shellHandlers} from '../../../source/session/shell/shell-handlers.ts';
import {CanceledError} from '../../../source/session/dialogs/type-ahead.ts';
import {tickTails} from '../../../source/session/tail/tail-run.ts';
import {withDisplayOptions, openTail} from '../../../source/session/tail/open-tail.ts';
import {tailHandlers} from '../../../source/session/tail/tail-handlers.ts';
import {RunningWork} from '../../../source/session/frame/session.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {asTailSource} from '../../../source/session/tail/tail-sources.ts';
import {keyContext} from '../../../source/session/frame/session-state.ts';
import {emptyTail, filterTail, goTo} from '../../../source/session/tail/tail-view.ts';
import {tailCounts} from '../../../source/session/tail/describe-tail.ts';
import {tailWindow} from '../../../source/session/tail/log-line.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore, tailRun} from '../../support/tail-run.ts';

/** An open log of a tail of one cluster. */
const source = {
	context: null,
	shortContext: '',
	namespace: 'demo',
	container: 'app',
	node: null,
	color: 1,
	on: true,
	state: 'open',
	note: '',
} as const;

function tailOf(lines: readonly string[]) {
	const store = quietStore();
	const targets = async () => Promise.withResolvers<never>().promise;
	const request = {title: 'web', target: 'web', onlyTarget: 'web', containers: {kind: 'default'}, targets} as const;
	const tail = tailRun(request, {cluster: null as never, observer: {}}, store);
	for (const [index, line] of lines.entries()) {
		tail.view.buffer.append(0, index, 0, 'text', Buffer.from(line));
	}

	store.dispatchNow({type: 'connections', event: {type: 'open', entry: {id: 'tail-1', kind: 'logs', what: 'web', context: '', since: 0}}});
	store.dispatchNow({type: 'push', layer: {kind: 'tail', id: 'tail-1', line: null}});
	const work = new RunningWork();
	work.start('tail', 'tail-1', tail);
	const copied: string[] = [];
	const told: string[] = [];
	const session = fakeSession({
		store,
		work,
		copy(text: string) {
			copied.push(text);
		},
		showMessage(text: string) {
			told.push(text);
		},
		refreshFeeds() {},
	});
	const pressed = {...navigationHandlers, ...forwardHandlers, ...tailHandlers};
	const press = async (...ids: ReadonlyArray<keyof typeof pressed>) => {
		for (const id of ids) {
			await pressed[id](session);
		}
	};

	return {store, run: tail, work, press, copied, told};
}

test('copy takes a visible line and never one that the filter hides', async t => {
	const {run: tail, press, copied, told} = tailOf(['GET /ok', 'password=hunter2']);
	tail.view = filterTail(tail.view, {filter: {text: 'GET', regex: false, inverse: false}});
	tail.scan(1000);
	await press('tail/copy');
	t.deepEqual(copied, ['GET /ok']);
	tail.view = filterTail(tail.view, {filter: {text: 'PUT', regex: false, inverse: false}});
	tail.scan(1000);
	await press('tail/copy');
	t.is(copied.length, 1);
	t.deepEqual(told, ['no line to copy']);
});

test('the field cursor stops at the last field, so the first key up moves it', async t => {
	const {run: tail, press, copied} = tailOf(['{"msg":"paid","id":1,"user":"ada"}']);
	await press('tail/open', 'line/move.down', 'line/move.down', 'line/move.down', 'line/move.down', 'line/move.down');
	t.is(tail.view.lineField, 2);
	await press('line/move.up', 'line/copy');
	t.deepEqual(copied, ['1']);
	const text = tailOf(['one row of text']);
	await text.press('tail/open', 'line/move.down', 'line/move.down');
	t.is(text.run.view.lineField, 0);
});

test('JSON is readable by itself when most lines are JSON, until the user chooses', async t => {
	const {run: tail, press} = tailOf(['{"msg":"paid"}', 'text', '{"msg":"sent"}']);
	tail.changed();
	t.true(tail.view.json);
	await press('tail/json');
	tail.changed();
	t.false(tail.view.json);
	const text = tailOf(['text', '{"msg":"paid"}', 'text']);
	text.run.changed();
	t.false(text.run.view.json);
	await text.press('tail/json');
	text.run.changed();
	t.true(text.run.view.json);
});

test('back closes the tail, and background keeps it', async t => {
	const {store, work, press} = tailOf(['one']);
	await press('tail.background');
	t.deepEqual([store.state.layers.length, store.state.connections.length, work.list('tail').length], [0, 1, 1]);
	await press('connections/open', 'view.back');
	t.deepEqual([store.state.layers.length, store.state.connections.length, work.list('tail').length], [0, 0, 0]);
});

test('back closes an open line first, then the tail', async t => {
	const {store, press} = tailOf(['one']);
	await press('tail/open', 'view.back');
	t.like(store.state.layers.at(-1), {kind: 'tail', line: null});
	await press('view.back');
	t.is(store.state.layers.length, 0);
});

test('an ended tail leaves the list, unless its pod is gone', async t => {
	const {store, run, work, press} = tailOf(['one']);
	const pass = (now: number) => {
		tickTails({store, work});
		store.dispatchNow({type: 'tick', now});
	};

	await press('tail.background');
	run.view = {
		...run.view,
		phase: 'ended',
		sources: [{...asTailSource({namespace: 'demo', pod: 'web', uid: null, node: null, container: 'app'}), isGone: true}],
	};
	for (const now of [1000, 40_000]) {
		pass(now);
		t.is(store.state.connections.length, 1);
	}

	run.view = {...run.view, sources: []};
	pass(41_000);
	t.is(store.state.connections.length, 0);
	pass(42_000);
	t.is(work.list('tail').length, 0);
});

test('back leaves plain lines first, then the tail', async t => {
	const {store, run: tail, press} = tailOf(['one']);
	await press('tail.plain', 'view.back');
	t.false(tail.view.plain);
	t.is(store.state.layers.length, 1);
	await press('view.back');
	t.is(store.state.layers.length, 0);
});

test('back clears the filter first, then leaves the tail', async t => {
	const {store, run: tail, press} = tailOf(['one', 'two']);
	tail.view = filterTail(tail.view, {filter: {text: 'two', regex: false, inverse: false}, level: 3});
	await press('view.back');
	t.is(tail.view.shownIndex, null);
	t.is(store.state.layers.length, 1);
	await press('view.back');
	t.is(store.state.layers.length, 0);
});

test('exported lines carry full timestamps and source names', async t => {
	const {run: tail, press} = tailOf(['one']);
	tail.view.buffer.append(1, 1500, 0, 'text', Buffer.from('two'));
	tail.view.buffer.append(-1, 2000, 0, 'notice', Buffer.from('it ended'));
	tail.view = {
		...tail.view,
		sources: [
			{...source, pod: 'web-a', short: 'a'},
			{...source, pod: 'web-b', short: 'b'},
		],
	};
	t.deepEqual([...visibleTexts(tail.view)].slice(1), [
		'1970-01-01T00:00:01.500Z web-b/app two\n',
		'1970-01-01T00:00:02.000Z -- it ended --\n',
	]);
	await press('tail.timestamps', 'tail.timestamps', 'tail.names', 'tail.names');
	t.deepEqual([...visibleTexts(tail.view)], ['one\n', 'two\n', '-- it ended --\n']);
	tail.view = {...tail.view, times: 'clock', plain: true};
	t.deepEqual([...visibleTexts(tail.view)].slice(1, 2), ['two\n']);
});

test('a level filter shows the nearest matching line, even if all matches are above', async t => {
	const {run: tail, press} = tailOf(['ok']);
	tail.view.buffer.append(0, 1, 4, 'text', Buffer.from('ERROR'));
	for (let number = 2; number < 60; number++) {
		tail.view.buffer.append(0, number, 2, 'text', Buffer.from('INFO ok'));
	}

	tail.view = goTo(tail.view, 59);
	await press('tail.level');
	t.deepEqual(
		tailWindow(tail.view, 20, () => 1).lines.map(({number}) => number),
		[1],
	);
});

test('more context is refused with a message while all lines are shown', async t => {
	const {run: tail, press, told} = tailOf(['GET /ok', 'POST /ok', 'GET /ok']);
	await press('tail.more-context');
	t.deepEqual([tail.view.context, told], [0, ['all lines are shown, so matches need no context']]);
	tail.view = filterTail(tail.view, {filter: {text: 'POST', regex: false, inverse: false}});
	await press('tail.more-context');
	t.is(tail.view.context, 1);
	t.regex(tailCounts(tail.view, undefined)[0]!.text, /\(1 around each\)$/);
	await press('tail.matches-only', 'tail.less-context');
	t.deepEqual([tail.view.context, told.length], [1, 2]);
});

test('a new tail keeps the display options of the last one, but not its search and filter', async t => {
	const {store, press} = tailOf(['{"msg":"paid"}']);
	t.is(withDisplayOptions(emptyTail('tail-2', 'api'), store.state.tailDisplay).times, 'clock');
	await press('tail/json', 'tail/wrap', 'tail.timestamps', 'tail.level', 'view.back', 'view.back');
	t.is(store.state.layers.length, 0);
	const {wrap, json, times, names, level} = withDisplayOptions(emptyTail('tail-2', 'api'), store.state.tailDisplay);
	t.deepEqual({wrap, json, times, names, level}, {wrap: true, json: true, times: 'full', names: 'short', level: 0});
});

test('the source picker can switch to another container of the pod', async t => {
	const {run: tail} = tailOf([]);
	tail.view = {
		...tail.view,
		sources: [asTailSource({namespace: 'demo', pod: 'web-a', uid: null, node: null, container: 'app', otherContainers: ['setup']})],
	};
	const offered: string[] = [];
	const answers = ['only setup', null];
	await chooseSources(
		fakeSession({
			store: {dispatchNow() {}},
			async pick({items}: {items: ReadonlyArray<{id: string}>}) {
				offered.push(...items.map(({id}) => id));
				return answers.shift();
			},
		}),
		tail,
	);
	t.deepEqual(offered.slice(0, 3), ['0', 'only setup', 'all']);
	t.true(offered.length > 3, 'the picker stays open');
	t.deepEqual(tail.request.containers, {kind: 'named', name: 'setup'});
	tail.stop();
});

test('the cursor stays on the field that was toggled last', async t => {
	const {run: tail} = tailOf(['{"a":1,"b":2,"c":3}']);
	const answers = ['b', 'c', '', 'a', null];
	const cursors: string[] = [];
	await chooseFields(
		fakeSession({
			store: {dispatchNow() {}},
			async pick({selected}: {selected: string}) {
				cursors.push(selected);
				return answers.shift();
			},
		}),
		tail,
	);
	t.deepEqual(cursors, ['', 'b', 'c', '', 'a']);
});

for (const [phase, context] of [
	['working', 'tail'],
	['open', 'tail'],
	['stopped', 'tail'],
	['failed', 'failed'],
] as const) {
	test(`a tail in phase ${phase} has the keys of ${context === 'tail' ? 'a tail' : 'a failed tail'}`, t => {
		const {store} = tailOf([]);
		store.dispatchNow({
			type: 'connections',
			event: {type: 'open', entry: {id: 'tail-1', kind: 'logs', what: 'web', context: 'main', since: 0, phase}},
		});
		t.is(keyContext(store.state), context);
		store.dispatchNow({type: 'layer', to: {line: 0}});
		t.is(keyContext(store.state), 'line');
	});
}

test('the keys of a tail change at once when it fails or is retried', async t => {
	const store = quietStore();
	const asked: Array<PromiseWithResolvers<never>> = [];
	const access = {
		facts: {namespace: 'demo'},
		async json() {
			const answer = Promise.withResolvers<never>();
			asked.push(answer);
			return answer.promise;
		},
	};
	const session = fakeSession({
		store,
		work: new RunningWork(),
		nextId: () => 'tail-1',
		observerFor: () => ({}),
		cluster: {access, context: 'main'},
	});
	const tail = openTail(session, {namespace: 'demo', targets: ['deploy/web'], selector: null, containers: {kind: 'default'}});
	for (const expected of [1, 2]) {
		await setImmediate();
		t.is(asked.length, expected);
		t.is(keyContext(store.state), 'tail');
		asked[expected - 1]!.reject(new SpokeError('ERR_FORBIDDEN', 'deployments.apps "web" is forbidden'));
		await setImmediate();
		t.is(tail.view.phase, 'failed');
		t.is(keyContext(store.state), 'failed');
		tailHandlers['failed/retry'](session);
	}

	t.is(keyContext(store.state), 'tail');
});

test('a failed tail retries from where it began', async t => {
	const {run: tail, press} = tailOf(['a line']);
	tail.view = {...tail.view, phase: 'failed', note: 'refused', since: '5m', wrap: true};
	await press('failed/retry');
	t.like(tail.view, {phase: 'opening', note: '', since: '5m', previous: false, wrap: true});
	t.is(tail.view.buffer.end, 0);
	tail.view = {...tail.view, phase: 'failed', previous: true};
	await press('failed/retry');
	t.like(tail.view, {phase: 'opening', previous: true}, 'a previous log stays a previous log');
});

test('a previous log restarted in the connections pane stays a previous log', async t => {
	const {store, run: tail, work} = tailOf(['one']);
	store.dispatchNow({type: 'connections', event: {type: 'open', entry: {id: 'tail-1', kind: 'logs', what: 'web', context: '', since: 0}}});
	tail.start('head', true);
	await forwardHandlers['connections/restart'](fakeSession({store, work}));
	t.true(tail.view.previous);
});

test('an expanded line stays the same when lines are inserted before it', t => {
	const store = quietStore();
	const never = async () => Promise.withResolvers<never>().promise;
	const cluster = {access: {facts: {namespace: 'default'}, json: never, request: never}, context: ''};
	const session = fakeSession({store, work: new RunningWork(), cluster, observerFor: () => ({}), nextId: () => 'tail-1'});
	const tail = openTail(session, {namespace: 'default', targets: ['web'], selector: null, containers: {kind: 'default'}});
	t.teardown(() => {
		tail.stop();
	});
	store.dispatchNow({type: 'layer', to: {line: 3}});
	store.dispatchNow({type: 'push', layer: {kind: 'help', keyContext: 'line', top: 0}});
	tail.remapLines(number => number + 5);
	store.dispatchNow({type: 'pop'});
	t.like(store.state.layers.at(-1), {kind: 'tail', line: 8});
});

for (const [what, handler] of [
	['a shell', shellHandlers['tail/shell']],
	['the doctor', doctorHandlers['tail/doctor']],
] as const) {
	test(`${what} of a tail uses a present pod, not the one that it replaced`, async t => {
		const {store, run: tail, work} = tailOf(['one']);
		tail.view = {
			...tail.view,
			sources: [
				{...source, pod: 'web-old', short: 'old', state: 'ended', isGone: true},
				{...source, pod: 'web-hidden', short: 'hidden', on: false},
				{...source, pod: 'web-new', short: 'new'},
			],
		};
		const asked: string[] = [];
		const session = fakeSession({
			store,
			work,
			cluster: {access: {facts: {context: 'main'}}, context: 'main'},
			clusters: new Map(),
			flags: {},
			nextId: () => 'text-1',
			typeAhead: {
				async during({description}: {description: string}) {
					asked.push(description);
					throw new CanceledError(description);
				},
			},
			async open() {
				throw new SpokeError('ERR_APISERVER_UNREACHABLE', 'away');
			},
		});
		await Promise.resolve(handler(session)).catch((thrown: unknown) => {
			t.true(thrown instanceof CanceledError);
		});
		const layer = store.state.layers.at(-1);
		t.regex([...asked, layer?.kind === 'text' ? layer.subject : ''].join(' '), /pod\/web-new/);
	});
}
