/** The hints of the first session. */
import test from 'ava';
import {createElement} from 'react';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {createScreenInput} from '../../../source/session/frame/session-display.ts';
import {FirstHints} from '../../../source/session/frame/session-screen.tsx';
import {reduceSession} from '../../../source/session/frame/session-reducer.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {performAction} from '../../../source/session/keys/perform-action.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {plainTheme, unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {drawn} from '../../support/drawn.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnSandbox} from '../../support/open-session.ts';

function stateOf({columns = 120, rows = 24, isDefaultKeymap = true} = {}): SessionState {
	return reduceSession(emptySession({...clusterState(null), reachable: 'yes'}, {columns, rows}, 0), {
		type: 'first-hints',
		isDefaultKeymap,
	});
}

async function hintsOf(state: SessionState, preset = 'default'): Promise<string> {
	const {keymap} = await loadKeymap({}, preset);
	const session = fakeSession({store: {state}, keymap});
	const rows = await drawn(createScreenInput(session, {...plainTheme, glyphs: unicodeGlyphs}), createElement(FirstHints));
	return rows.join('\n');
}

test('the first action ends the hints', async t => {
	const store = new Store(
		stateOf(),
		() => {},
		() => 0,
	);
	const session = fakeSession({store, showMessage() {}});
	const context = {session, dialogs: null as never, handlerOf: () => undefined};
	t.not(await hintsOf(store.state), '');
	performAction(context, 'move.down');
	t.is(await hintsOf(store.state), '');
});

test('only a first session hints at keys, until one is used', async t => {
	const home = await newHome(t, {isNew: true});
	const {session, kubeconfigFile} = await sessionOnSandbox(t, [], {home});
	await session.sees(/^ Enter containers · i details · ! problems only · no key deletes an object$/m);
	session.press('view.nodes');
	await session.sees(/▸ cp /);
	await session.loses(/no key deletes/);
	session.press('app.quit');
	t.is(await session.ended(), 0);
	const next = await openSession(t, ['--kubeconfig', kubeconfigFile], {home});
	await next.sees(/┤1 Pods[\s\S]*Running/);
	t.notRegex(next.text(), /no key deletes/);
});
