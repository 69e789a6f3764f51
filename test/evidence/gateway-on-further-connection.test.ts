/** A gateway that further connections meet, and that relays the flags of the apiserver. */
import {writeFile} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {kubeconfigText, sandboxMark} from '../support/kubeconfig-text.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {answerByPath, verifyingApiserver} from '../support/verifying-apiserver.ts';

for (const showsStart of [true, false]) {
	test(`a further connection that ends at a gateway proves nothing, ${showsStart ? 'with' : 'without'} start times`, async t => {
		const [clusterCa, gatewayCa] = await Promise.all([authority('cluster-ca'), authority('gateway-ca')]);
		const names = {ip: ['127.0.0.1'], dns: ['kubernetes.default.svc']};
		const [own, gateway] = await Promise.all([
			issue({commonName: 'kube-apiserver', ...names}, clusterCa),
			issue({commonName: 'gateway', ...names}, gatewayCa),
		]);
		let port = 0;
		const answer = answerByPath(() => ({
			...verifyingApiserver(clusterCa.certificate, `127.0.0.1:${port}`, {'requestheader-client-ca-file': '/front.crt'}),
			...(!showsStart && {'/statusz': null}),
		}));
		const [first, others] = await Promise.all([
			serve(t, answer, {key: own.key, cert: own.certificate}),
			serve(t, answer, {key: gateway.key, cert: gateway.certificate}),
		]);
		let made = 0;
		const front = createServer(socket => {
			// The pod is read on the first connection, which examineApiserver then uses.
			const behind = connect(made++ === 0 ? first.port : others.port, '127.0.0.1');
			for (const [one, other] of [
				[socket, behind],
				[behind, socket],
			] as const) {
				one.on('error', () => {}).on('close', () => other.destroy());
				one.pipe(other);
			}
		});
		port = await listenOnLoopback(front);
		t.teardown(() => front.close());
		const file = join(await temporaryDirectory(t), 'config');
		await writeFile(
			file,
			kubeconfigText({
				server: `https://127.0.0.1:${port}`,
				ca: clusterCa.certificate + gatewayCa.certificate,
				namespace: 'default',
				user: {token: 'x'},
				cluster: sandboxMark,
			}),
		);
		const client = await clientForTest(t, ['--kubeconfig', file], {});
		const [path] = await findPaths(client, 'pod/web', {features: ['exec'], probe: 'passive'});
		t.not(path!.legs[1]!.tls.basis, 'proven');
	});
}
