/** Going back and forth between views, as hands that know k9s do. */
import test from 'ava';
import {loadKeymap} from '../../source/keymap/load-keymap.ts';
import {onSandbox} from '../support/sandbox-session.ts';

test('with the k9s keymap views and their namespaces are gone through back and on again', async t => {
	const {keymap} = await loadKeymap({}, 'k9s');
	const {terminal} = await onSandbox(t, ['--keymap', 'k9s'], {keymap});
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	terminal.press('view.nodes', 'namespace.all', 'view.services');
	await terminal.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	terminal.press('view.earlier');
	await terminal.sees(/› all namespaces[\s\S]*┤4 Nodes \d/);
	terminal.press('view.earlier', 'view.earlier');
	await terminal.sees(/› default[\s\S]*┤1 Pods \d[\s\S]*api-\w+-\w+ +1\/1 +Running/);
	terminal.press('view.earlier');
	await terminal.sees(/no view before this one/);
	terminal.press('view.later', 'view.later', 'view.later');
	await terminal.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	terminal.press('view.before');
	await terminal.sees(/┤4 Nodes \d/);
});
