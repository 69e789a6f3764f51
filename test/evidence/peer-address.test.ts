/** A gateway with a certificate of the cluster’s CA, before two apiservers that advertise its address and have other peer addresses. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {kubeconfigText, sandboxMark} from '../support/kubeconfig-text.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {answerByPath, apiserverLeases, leasesPath, verifyingApiserver} from '../support/verifying-apiserver.ts';

test('a log that a gateway can send to another apiserver does not meet --require verified', async t => {
	const ca = await authority('cluster-ca');
	const leaf = await issue({commonName: 'gateway', ip: ['127.0.0.1'], dns: ['kubernetes.default.svc']}, ca);
	// The gateway answers evidence from the apiserver that verifies kubelets, and would send the log to one that does not.
	let sentToTheOther = 0;
	const peers = {
		'peer-advertise-ip': '10.1.0.1',
		'peer-advertise-port': '6443',
		'requestheader-client-ca-file': '/front-proxy-ca.crt',
	};
	const server = await serve(
		t,
		answerByPath(({url}) => {
			sentToTheOther += /\/log\b/.test(url!) ? 1 : 0;
			return {
				...verifyingApiserver(ca.certificate, `127.0.0.1:${server.port}`, peers),
				[leasesPath]: apiserverLeases('10.1.0.1:6443', '10.1.0.2:6443'),
				'/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': {
					apiVersion: 'discovery.k8s.io/v1',
					kind: 'EndpointSliceList',
					items: [{metadata: {name: 'kubernetes'}, endpoints: [{addresses: ['127.0.0.1']}], ports: [{port: server.port}]}],
				},
			};
		}),
		{key: leaf.key, cert: leaf.certificate},
	);
	const folder = await temporaryDirectory(t);
	const file = join(folder, 'config');
	await writeFile(
		file,
		kubeconfigText({server: server.url, ca: ca.certificate, namespace: 'default', user: {token: 'x'}, cluster: sandboxMark}),
	);
	const ended = await runSpoke(['logs', 'web', '--require=verified'], {env: {...process.env, KUBECONFIG: file, HOME: folder}});
	t.is(ended.status, 4);
	t.is(sentToTheOther, 0);
});
