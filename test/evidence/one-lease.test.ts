/** Two apiservers with the same host name, and so only one lease, behind a load balancer. */
import {createHash} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {runAudit} from '../../source/evidence/audit/run-audit.ts';
import {parseRequirement} from '../../source/evidence/audit/requirements.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {startServer} from '../support/api-server.ts';
import {sandboxMark} from '../support/kubeconfig-text.ts';
import {authority, issue} from '../support/certificates.ts';

const clusterAuthority = await authority('cluster-ca');
const serving = await issue({commonName: 'kube-apiserver', ip: ['127.0.0.1'], dns: ['kubernetes.default.svc']}, clusterAuthority);
const ada = await issue({commonName: 'ada', usage: 'client'}, clusterAuthority);
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** Excludes a gateway, so that only the other apiserver prevents a proof. */
const credentialId = {
	'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(Buffer.from(ada.made.rawData)).digest('hex')}`],
};
const address = '10.0.0.5';

/** `apiserverOf` chooses the apiserver by the number of the connection, from 0. */
async function startBalancer(
	t: ExecutionContext,
	apiserverOf: (connection: number) => 'verifying' | 'not verifying',
	advertised: 'this address' | 'another',
) {
	const numbers = new WeakMap<object, number>();
	let connections = 0;
	const server = await startServer(
		{
			request(request, response) {
				const number = numbers.get(request.socket) ?? connections++;
				numbers.set(request.socket, number);
				const verifies = apiserverOf(number) === 'verifying';
				const [host, port] = advertised === 'this address' ? ['127.0.0.1', server.port] : [address, 6443];
				const path = request.url!.split('?')[0]!;
				const answers: Readonly<Record<string, object>> = {
					'/flagz': {
						kind: 'Flagz',
						flags: {
							'kubelet-certificate-authority': verifies ? '/ca.pem' : '',
							'egress-selector-config-file': '',
							'advertise-address': host,
							'secure-port': String(port),
							'bind-address': '0.0.0.0',
							'requestheader-client-ca-file': '',
						},
					},
					'/statusz': {kind: 'Statusz', startTime: '2026-11-24T10:00:00Z'},
					'/version': {gitVersion: 'v1.36.3'},
					'/apis/authentication.k8s.io/v1/selfsubjectreviews': {
						apiVersion: 'authentication.k8s.io/v1',
						kind: 'SelfSubjectReview',
						status: {userInfo: {username: 'ada', extra: credentialId}},
					},
					'/apis/coordination.k8s.io/v1/namespaces/kube-system/leases': {
						apiVersion: 'coordination.k8s.io/v1',
						kind: 'LeaseList',
						items: [
							{
								metadata: {
									name: 'apiserver-a',
									creationTimestamp: '2026-11-24T10:00:01Z',
									annotations: {'kubernetes.io/peer-advertise-address': `${host}:${port}`},
								},
								spec: {renewTime: new Date().toISOString(), leaseDurationSeconds: 3600},
							},
						],
					},
					'/api/v1/namespaces/default/configmaps/kube-root-ca.crt': {data: {'ca.crt': clusterAuthority.certificate}},
					'/api/v1/namespaces/default/pods/web': {
						apiVersion: 'v1',
						kind: 'Pod',
						metadata: {name: 'web', namespace: 'default', uid: 'u'},
						spec: {nodeName: 'n1', containers: [{name: 'a'}]},
						status: {phase: 'Running'},
					},
				};
				response
					.writeHead(answers[path] ? 200 : 404, {'Content-Type': 'application/json'})
					.end(JSON.stringify(answers[path] ?? {kind: 'Status', code: 404}));
			},
		},
		{key: serving.key, cert: serving.certificate, requestCert: true, rejectUnauthorized: false},
	);
	t.teardown(async () => server.close());
	return server.cluster({
		user: {'client-certificate-data': base64(ada.certificate), 'client-key-data': base64(ada.key)},
		cluster: {'certificate-authority-data': base64(clusterAuthority.certificate), ...sandboxMark},
	});
}

const options = {probe: 'passive', require: [parseRequirement('verified')], minBasis: 'proven'} as const;

test('an audit that requires verification fails when only the second apiserver lacks it', async t => {
	const cluster = await startBalancer(t, connection => (connection === 1 ? 'not verifying' : 'verifying'), 'another');
	const {require, replicas, rows} = await runAudit(cluster, options);
	t.deepEqual([require.result, replicas.known, replicas.read, replicas.agree], ['not-met', 2, 2, false]);
	t.is(rows.find(({id}) => id === 'C4')?.verdict, 'fail');
});

test('an audit compares several connections when one replica is known', async t => {
	for (let unverifiedConnection = 2; unverifiedConnection <= 4; unverifiedConnection++) {
		const cluster = await startBalancer(t, connection => (connection === unverifiedConnection ? 'not verifying' : 'verifying'), 'another');
		t.is((await runAudit(cluster, options)).require.result, 'not-met', `connection ${unverifiedConnection}`);
	}
});

test('an audit is undecided when one replica is known and a load balancer could hide another', async t => {
	const cluster = await startBalancer(t, () => 'verifying', 'another');
	const {require, replicas, rows} = await runAudit(cluster, options);
	t.deepEqual([require.result, replicas.known, replicas.agree], ['undecided', 1, null]);
	t.like(
		rows.find(({id}) => id === 'C4'),
		{verdict: 'pass', basis: 'inferred'},
	);
	const inferred = await runAudit(cluster, {...options, minBasis: 'inferred'});
	t.is(inferred.require.result, 'met');
});

test('an audit meets the requirement when the one known replica is reached at its own address', async t => {
	const cluster = await startBalancer(t, () => 'verifying', 'this address');
	const {require, replicas} = await runAudit(cluster, options);
	t.deepEqual([require.result, replicas.known, replicas.agree], ['met', 1, true]);
});

for (const [title, apiserverOf] of [
	['both apiservers', (connection: number) => (connection === 1 ? ('not verifying' as const) : ('verifying' as const))],
	['only the verifying apiserver', () => 'verifying' as const],
] as const) {
	test(`active probes prove no path that is not open when later connections may reach ${title}`, async t => {
		const cluster = await startBalancer(t, apiserverOf, 'another');
		const paths = await findPaths(cluster, 'pod/web', {features: ['logs', 'exec', 'port-forward'], probe: 'active'});
		t.is(paths.length, 3);
		t.deepEqual(
			paths
				.filter(({legs, exposure}) => [legs[1]!.tls, legs[1]!.route, exposure].some(({basis}) => basis === 'proven'))
				.map(({line}) => line),
			[],
		);
		t.deepEqual([...new Set(paths.map(({process}) => process.agree))], [title === 'both apiservers' ? false : null]);
	});
}
