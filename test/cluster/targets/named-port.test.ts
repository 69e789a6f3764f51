import test from 'ava';
import {otherPortsRemedy, podPort, servicePort} from '../../../source/cluster/targets/named-port.ts';
import type {PodObject, ServiceObject} from '../../../source/cluster/targets/pod-object.ts';

const pod: PodObject = {
	metadata: {name: 'web'},
	spec: {
		containers: [
			{
				name: 'app',
				ports: [
					{name: 'http', containerPort: 8080, protocol: 'TCP'},
					{name: 'dns', containerPort: 53, protocol: 'UDP'},
				],
			},
		],
		initContainers: [{name: 'side', ports: [{name: 'admin', containerPort: 9000}]}],
	},
};
const service: ServiceObject = {
	metadata: {name: 'web'},
	spec: {
		clusterIP: '10.96.0.9',
		ports: [
			{name: 'http', port: 80, targetPort: 'http', protocol: 'TCP'},
			{name: 'raw', port: 81, targetPort: 8081},
			{name: 'same', port: 82},
			{name: 'dns', port: 53, targetPort: 53, protocol: 'UDP'},
			{name: 'lost', port: 83, targetPort: 'nope'},
		],
	},
};

test('accepts a port number, declared or not', t => {
	t.deepEqual(podPort(pod, '4711'), {port: 4711, name: null, servicePort: null});
});

test('finds a port name in containers, then in init containers', t => {
	t.deepEqual(podPort(pod, 'http'), {port: 8080, name: 'http', servicePort: null});
	t.deepEqual(podPort(pod, 'admin'), {port: 9000, name: 'admin', servicePort: null});
});

test('resolves a service port through targetPort, by name and by number', t => {
	t.deepEqual(servicePort(service, pod, '80'), {port: 8080, name: 'http', servicePort: 80});
	t.deepEqual(servicePort(service, pod, 'http'), {port: 8080, name: 'http', servicePort: 80});
	t.deepEqual(servicePort(service, pod, '81'), {port: 8081, name: null, servicePort: 81});
	t.deepEqual(servicePort(service, pod, 'raw'), {port: 8081, name: 'raw', servicePort: 81});
	t.deepEqual(servicePort(service, pod, '82'), {port: 82, name: null, servicePort: 82});
});

test('keeps the port number of a headless service', t => {
	t.is(servicePort({...service, spec: {...service.spec, clusterIP: 'None'}}, pod, '80').port, 80);
});

test('lists the ports when a name or number is unknown', t => {
	t.throws(() => podPort(pod, 'nope'), {code: 'ERR_NOT_FOUND', message: "Pod 'web' does not have a named port 'nope'"});
	t.throws(() => servicePort(service, pod, 'nope'), {code: 'ERR_NOT_FOUND', message: "Service 'web' does not have a named port 'nope'"});
	t.throws(() => servicePort(service, pod, '8080'), {code: 'ERR_NOT_FOUND', message: 'Service web does not have a service port 8080'});
	t.throws(() => servicePort(service, pod, 'lost'), {code: 'ERR_NOT_FOUND', message: "Pod 'web' does not have a named port 'nope'"});
});

test('rejects UDP ports and numbers out of range', t => {
	t.throws(() => podPort(pod, 'dns'), {code: 'ERR_USAGE', message: 'UDP protocol is not supported for dns'});
	t.throws(() => podPort(pod, '53'), {code: 'ERR_USAGE', message: 'UDP protocol is not supported for 53'});
	t.throws(() => servicePort(service, pod, '53'), {code: 'ERR_USAGE', message: 'UDP protocol is not supported for 53'});
	for (const asked of ['0', '65536', '99999999999']) {
		t.throws(() => podPort(pod, asked), {code: 'ERR_USAGE'});
	}
});

test('the remedy for a port without a listener names the other TCP ports of the containers', t => {
	t.is(otherPortsRemedy(pod, 9999), 'the pod’s containers declare http (8080)');
	t.is(otherPortsRemedy(pod, 8080), null);
	t.is(otherPortsRemedy({...pod, spec: {containers: [{name: 'app'}]}}, 9999), null);
});
