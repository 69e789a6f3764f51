/** The why screen of a row before its path is read. */
import test from 'ava';
import {createScreenInput, showFailure} from '../../../source/session/frame/session-display.ts';
import {openWhy} from '../../../source/session/why/why-handlers.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {SessionState} from '../../../source/session/frame/session-state.ts';
import {whyPath, type WhyLayer, whyPage} from '../../../source/session/why/why.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

const path = {
	about: 'configuration',
	phase: 'settled',
	error: null,
	process: {id: null},
	legs: [],
	findings: [],
	evidence: [],
	line: 'path: you',
} as unknown as Path;

function sessionWith(...names: readonly string[]) {
	const store = quietStore();
	store.dispatch({
		type: 'list',
		list: 'pods',
		event: {
			type: 'page',
			chunk: 'pods',
			first: true,
			rows: names.map(name => ({id: name, namespace: 'default', name, cells: ['1/1', 'Running', '0', 'n1', ''], created: 0, gone: null})),
		},
	});
	const told: string[] = [];
	const session = fakeSession({
		store,
		keymap: new Map(),
		lastFailure: null,
		showMessage(text: string) {
			told.push(text);
		},
	});
	const layer = () => store.state.layers.at(-1) as WhyLayer | undefined;
	return {session, store, told, layer};
}

for (const [what, before] of [
	['is not determined yet', null],
	['of the row before is still there', {of: 'api', path}],
	['is not believed any more', {of: 'web', path: null}],
] as ReadonlyArray<readonly [string, SessionState['selectedPath']]>) {
	test(`the why screen names the awaited path and shows it once read, when it ${what}`, t => {
		const {session, store, layer} = sessionWith('web');
		if (before) {
			store.dispatch({type: 'selected-path', ...before});
		}

		openWhy(session);
		t.is(layer()!.about, 'pod/web');
		t.is(whyPath(store.state, layer()!), null);
		t.deepEqual(
			whyPage(createScreenInput(session, plainTheme), layer()!).texts.map(({text}) => text),
			['The path is still being read and will appear here.'],
		);
		store.dispatch({type: 'selected-path', of: 'api', path});
		t.is(whyPath(store.state, layer()!), null, 'another row’s');
		store.dispatch({type: 'selected-path', of: 'web', path});
		t.is(whyPath(store.state, layer()!), path);
	});
}

test('a path shown on the why screen changes only if a later read says something else', t => {
	const {session, store, layer} = sessionWith('web');
	store.dispatch({type: 'selected-path', of: 'web', path});
	openWhy(session);
	store.dispatch({type: 'selected-path', of: 'web', path: {...path, time: 'later'}});
	t.is(whyPath(store.state, layer()!), path);
	const changed = {...path, line: 'path: you -verified-> apiserver -direct,unverified-> kubelet n1'};
	store.dispatch({type: 'selected-path', of: 'web', path: changed});
	t.is(whyPath(store.state, layer()!), changed);
});

test('the why screen keeps the last path while none is believed', t => {
	const {session, store, layer} = sessionWith('web');
	store.dispatch({type: 'selected-path', of: 'web', path});
	openWhy(session);
	const changed = {...path, line: 'path: you -verified-> apiserver -direct,unverified-> kubelet n1'};
	store.dispatch({type: 'selected-path', of: 'web', path: changed});
	store.dispatch({type: 'selected-path', of: 'web', path: null});
	t.is(whyPath(store.state, layer()!), changed);
});

const verdict = {state: 'verified', basis: 'inferred', evidence: ['e1'], need: []};
const evidence = {id: 'e1', source: 'flagz', rule: 'flags', observed: '1', time: 'then'};

const withVerdict = (tls: object, read: object = {}) =>
	({...path, legs: [{tls, route: verdict}], evidence: [{...evidence, ...read}]}) as unknown as Path;

for (const [what, later, isShown] of [
	['with another basis', withVerdict({...verdict, basis: 'proven'}), true],
	['with another need', withVerdict({...verdict, need: [{permission: 'get pods', check: null, or: null}]}), true],
	['by another rule', withVerdict(verdict, {rule: 'pods'}), true],
	['at another time', withVerdict(verdict, {time: 'now'}), false],
] as const) {
	test(`the why screen ${isShown ? 'follows' : 'does not follow'} the same path line ${what}`, t => {
		const {session, store, layer} = sessionWith('web');
		const before = withVerdict(verdict);
		store.dispatch({type: 'selected-path', of: 'web', path: before});
		openWhy(session);
		store.dispatch({type: 'selected-path', of: 'web', path: later});
		t.is(whyPath(store.state, layer()!), isShown ? later : before);
	});
}

test('why without a selected row shows a notice', t => {
	const {session, layer, told} = sessionWith();
	openWhy(session);
	t.is(layer(), undefined);
	t.deepEqual(told, ['nothing is selected']);
});

for (const [what, code, leg] of [
	['on leg 2', 'ERR_SECOND_LEG', 2],
	['for want of a right', 'ERR_FORBIDDEN', 1],
	['because there is none', 'ERR_NOT_FOUND', 1],
] as const) {
	test(`a failure ${what} without its own path shows none, whatever row is selected`, t => {
		const {session, store, layer} = sessionWith('web');
		store.dispatch({type: 'selected-path', of: 'web', path});
		showFailure(session, 'forward pod/other 80', new SpokeError(code, 'it failed', {leg}));
		openWhy(session);
		t.is(layer()!.about, 'forward pod/other 80');
		t.is(whyPath(store.state, layer()!), null);
		const texts = whyPage(createScreenInput(session, plainTheme), layer()!).texts.map(({text}) => text);
		t.is(texts[1], 'it failed');
		t.is(texts.at(-1), 'No path: no connection was observed for this failure.');
	});
}

test('a failure on a connection of its own shows the path of that connection', t => {
	const {session, store, layer} = sessionWith('web');
	const own = {...path, about: 'ended-connection', phase: 'failed'} as Path;
	store.dispatch({type: 'selected-path', of: 'web', path});
	showFailure(session, 'shell', new SpokeError('ERR_NOT_FOUND', 'no such container'), own);
	openWhy(session);
	t.is(whyPath(store.state, layer()!), own);
});
