/** The route test. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('after a route test the path line shows what it proved', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/╍ direct ━ unverified ━► kubelet/);
	await sandbox.switches.set({route: 'konnectivity'});
	await terminal.sees(/╍ konnectivity ━ unverified ━► kubelet|┈ route unknown ━ unverified ━► kubelet/);
	terminal.press('why', 'test');
	await terminal.sees(/Test the route\?/);
	terminal.press('confirm.yes');
	await terminal.sees(/Why├ tested with pod\/\w/);
	terminal.press('view.back');
	await terminal.sees(/Pods 8├[\s\S]*━ konnectivity ━ unverified ━► kubelet/);
});
