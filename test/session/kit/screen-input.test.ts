/** Which frames draw a component again. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {render} from 'ink';
import {createElement} from 'react';
import {createStore} from 'zustand/vanilla';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {ScreenContext, useScreenWith, type ScreenInput, toSessionAdvice} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {findAction} from '../../../source/session/actions/action-table.ts';

test('a component is drawn again only when a part of the state that it names has changed', t => {
	const size = {columns: 80, rows: 24};
	const frames = createStore<ScreenInput>(() => ({
		state: emptySession(clusterState(null), size, 0),
		theme: plainTheme,
		keymap: new Map(),
		hints: [],
	}));
	const drawn: boolean[] = [];
	const Zoom = () => {
		drawn.push(useScreenWith('zoom').state.zoom);
		return null;
	};

	const tree = createElement(ScreenContext, {value: {frames, onListRows() {}, onPageRows() {}}}, createElement(Zoom));
	const stdout = Object.assign(new PassThrough(), size) as unknown as NodeJS.WriteStream;
	const ink = render(tree, {stdout, interactive: false, patchConsole: false});
	const change = (to: Partial<SessionState>) => {
		const before = frames.getState();
		frames.setState({...before, state: {...before.state, ...to}}, true);
		ink.rerender(tree);
	};

	change({pane: 'connections'});
	t.deepEqual(drawn, [false]);
	change({zoom: true});
	t.deepEqual(drawn, [false, true]);
	ink.unmount();
});

test('in the session, active probes and the command that has them are the route test', t => {
	const action = findAction('test');
	const screen = {keymap: new Map(), hints: [{action, keys: ['t']}]} as unknown as Parameters<typeof toSessionAdvice>[0];
	t.is(toSessionAdvice(screen, 'get /flagz, or --probe active'), 'get /flagz, or the test (t)');
	t.is(toSessionAdvice(screen, 'list pods; and spoke path TARGET --probe active'), 'list pods; and the test (t)');
});
