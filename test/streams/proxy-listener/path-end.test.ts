import test from 'ava';
import {endsAtApiserver} from '../../../source/streams/proxy-listener/path-end.ts';
import {runsCommands} from '../../../source/streams/proxy/command-path.ts';

const console = '/apis/subresources.kubevirt.io/v1/namespaces/d/virtualmachineinstances/vm/console';

test('the apiserver answers its own paths and groups, and any other path leaves it', t => {
	for (const path of ['/', '/api/v1/pods?limit=1', '/apis', '/apis/apps/v1/deployments', '/version', '/healthz/etcd', '/openapi/v3']) {
		t.true(endsAtApiserver(path), path);
	}

	for (const path of ['/apis/metrics.k8s.io/v1beta1/nodes', console, '/apis/cert-manager.io/v1', '/APIS/apps/v1', '/x', '//apis/apps']) {
		t.false(endsAtApiserver(path), path);
	}
});

test('a console of a virtual machine is a command', t => {
	t.true(runsCommands(console));
	t.true(runsCommands(console.replace('console', 'vnc')));
	t.false(runsCommands('/apis/subresources.kubevirt.io/v1/namespaces/d/virtualmachineinstances/vm/guestosinfo'));
});
