/** Back and forward between views, as in k9s. */
import test from 'ava';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('the k9s keymap moves back and forward through views and their namespaces', async t => {
	const {keymap} = await loadKeymap({}, 'k9s');
	const {session} = await sessionOnSandbox(t, ['--keymap', 'k9s'], {keymap});
	await session.sees(/api-\w+-\w+ +1\/1 +Running/);
	session.press('view.nodes', 'namespace.all', 'view.services');
	await session.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	session.press('view.history-back');
	await session.sees(/› all namespaces[\s\S]*┤4 Nodes \d/);
	session.press('view.history-back', 'view.history-back');
	await session.sees(/› default[\s\S]*┤1 Pods \d[\s\S]*api-\w+-\w+ +1\/1 +Running/);
	session.press('view.history-back');
	await session.sees(/no previous view/);
	session.press('view.history-forward', 'view.history-forward', 'view.history-forward');
	await session.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	session.press('view.toggle-last');
	await session.sees(/┤4 Nodes \d/);
});
