/** Other apiservers at their own addresses. */
import {text} from 'node:stream/consumers';
import test from 'ava';
import {serve} from '../support/api-server.ts';
import {authority, issue, type CertificateOptions} from '../support/certificates.ts';

test('sends credentials to another apiserver with a certificate of the cluster’s CA', async t => {
	const ca = await authority('cluster-ca');
	const asked: Array<string | undefined> = [];
	const leaf = await issue({commonName: 'kube-apiserver', dns: ['kubernetes', 'kubernetes.default.svc'], ip: ['10.0.0.7']}, ca);
	const server = await serve(
		t,
		(request, response) => {
			asked.push(request.headers.authorization);
			response.end('{"from":"the other"}');
		},
		{key: leaf.key, cert: leaf.certificate},
	);
	const cluster = await server.cluster({cluster: {'certificate-authority-data': Buffer.from(ca.certificate).toString('base64')}});
	const connection = await cluster.connectAt(`127.0.0.1:${server.port}`);
	t.is(await text((await connection.request({path: '/flagz'})).body), '{"from":"the other"}');
	t.true(connection.facts.tls?.verified);
	t.is(connection.facts.tls?.serverName, 'kubernetes.default.svc');
	t.deepEqual(asked, ['Bearer secret-token']);
	connection.close();
});

const strangers: ReadonlyArray<[title: string, options: CertificateOptions, byOthers: boolean]> = [
	['signed by another CA', {commonName: 'kube-apiserver', dns: ['kubernetes.default.svc'], ip: ['127.0.0.1']}, true],
	['for the address only', {commonName: 'kube-apiserver', ip: ['127.0.0.1']}, false],
	['for another name', {commonName: 'kube-apiserver', dns: ['gateway.example.test']}, false],
	[
		'expired',
		{
			commonName: 'kube-apiserver',
			dns: ['kubernetes.default.svc'],
			notBefore: new Date(Date.now() - 2 * 86_400_000),
			notAfter: new Date(Date.now() - 86_400_000),
		},
		false,
	],
];

for (const [title, options, byOthers] of strangers) {
	test(`sends nothing to a server whose certificate is not an apiserver’s: ${title}`, async t => {
		const ca = await authority('cluster-ca');
		const leaf = await issue(options, byOthers ? await authority('other-ca') : ca);
		const told: unknown[] = [];
		// If only the dates are wrong, spoke asks for the server's clock without credentials.
		const server = await serve(
			t,
			(request, response) => {
				told.push(...(request.headers.authorization === undefined ? [] : [request.headers.authorization]));
				response.end('caught');
			},
			{key: leaf.key, cert: leaf.certificate},
		);
		const cluster = await server.cluster({cluster: {'certificate-authority-data': Buffer.from(ca.certificate).toString('base64')}});
		await t.throwsAsync(cluster.connectAt(`127.0.0.1:${server.port}`), {code: 'ERR_APISERVER_TLS'});
		t.deepEqual(told, []);
	});
}

for (const [title, cluster, environment] of [
	['the kubeconfig skips verification', {'insecure-skip-tls-verify': true, 'certificate-authority-data': ''}, {}],
	['a proxy is set', {'proxy-url': 'http://127.0.0.1:1'}, {}],
] as const) {
	test(`dials no other apiserver when ${title}`, async t => {
		const server = await serve(t);
		const access = await server.cluster({cluster, environment});
		await t.throwsAsync(access.connectAt(`127.0.0.1:${server.port}`), {code: 'ERR_APISERVER_TLS', message: /does not connect to/});
		t.is(server.connections(), 0);
	});
}
