/** The route test. */
import test from 'ava';
import {sessionOnOwnSandbox} from '../../support/open-session.ts';

test('after a route test the path shows what it proved', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/╍ direct ━ unverified ━► kubelet/);
	await sandbox.switches.set({route: 'konnectivity'});
	await session.sees(/╍ konnectivity ━ unverified ━► kubelet|┈ route unknown ━ unverified ━► kubelet/);
	session.press('why', 'test');
	await session.sees(/Test the route\?/);
	session.press('confirm.yes');
	await session.sees(/Why├ tested with pod\/\w[\s\S]*━ konnectivity ━ unverified ━► kubelet/);
	session.press('view.back');
	// The test is a port-forward. For logs, a proxy in the environment of the apiserver is not excluded.
	await session.sees(/Pods 8├[\s\S]*╍ konnectivity ━ unverified ━► kubelet/);
});
