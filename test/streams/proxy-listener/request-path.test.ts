/** Where a request ends: only what is known to be the apiserver's own ends there. */
import test from 'ava';
import {endOfPath, type PathEnd, runsCommands} from '../../../source/streams/proxy/request-path.ts';

const console = '/apis/subresources.kubevirt.io/v1/namespaces/d/virtualmachineinstances/vm/console';

const paths: Readonly<Record<PathEnd['at'], readonly string[]>> = {
	apiserver: [
		'/',
		'/api',
		'/api/v1/',
		'/api/v1/pods?limit=1',
		'/api/v1/watch/namespaces/d/pods/p',
		'/api/v1/namespaces/d/status',
		'/api/v1/namespaces/d/pods/p/eviction',
		'/api/v1/nodes/n1/status',
		'/apis',
		'/apis/apps/v1/deployments',
		'/apis/policy?timeout=32s',
		'/apis/autoscaling/v2/horizontalpodautoscalers',
		'/version',
		'/healthz/etcd',
		'/openapi/v2?timeout=32s',
		'/openapi/v3',
		'/apis/',
	],
	pod: ['/api/v1/namespaces/d/pods/p/log?follow=true', '/api/v1/namespaces/d/pods/p/exec'],
	proxied: ['/api/v1/nodes/n1/proxy', '/api/v1/namespaces/d/services/s/proxy/x'],
	disguised: ['/api/v1/namespaces/d/pods/p/l%6Fg', '/api/v1/./pods', '//api/v1/nodes/n1/proxy'],
	elsewhere: [
		'/apis/metrics.k8s.io/v1beta1/nodes',
		console,
		'/apis/cert-manager.io/v1',
		'/APIS/apps/v1',
		'/apis/policy/v9/namespaces/d/poddisruptionbudgets',
		'/apis/batch/v2/jobs',
		'/apis/resource.k8s.io/v1/deviceclasses', // New in 1.34: an older one can send it elsewhere.
		'/x',
		'//apis/apps',
		'/api/v2',
		'/api/v1/nodes/n1/proxyish',
		'/api/v1/namespaces/d/pods/p/checkpoint',
		'/api/v1/namespaces/d/pods/p/status/x',
		// The aggregator sends these to whatever server lists the path as its own, with their body, or as a WebSocket.
		'/openapi/v3/apis/metrics.k8s.io/v1beta1',
		'/openapi/v3/apis/apps/v1?hash=1',
		// A gateway can merge the slashes.
		'/apis//metrics.k8s.io/v1beta1/nodes',
		'/openapi//v3/apis/metrics.k8s.io/v1beta1',
	],
};

for (const [at, all] of Object.entries(paths)) {
	test(`ends at: ${at}`, t => {
		for (const path of all) {
			t.is(endOfPath(path).at, at as PathEnd['at'], path);
		}
	});
}

test('a console of a virtual machine is a command', t => {
	t.true(runsCommands(console));
	t.true(runsCommands(console.replace('console', 'vnc')));
	t.false(runsCommands('/apis/subresources.kubevirt.io/v1/namespaces/d/virtualmachineinstances/vm/guestosinfo'));
});
