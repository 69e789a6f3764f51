/** Two apiservers behind one address, of which the leases show one: they have one host name, or advertise the same address. */
import test, {type ExecutionContext} from 'ava';
import {runAudit} from '../../source/evidence/audit/run-audit.ts';
import {parseRequirement} from '../../source/evidence/audit/requirements.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {serve} from '../support/api-server.ts';
import {sandboxMark} from '../support/kubeconfig-text.ts';
import {authority, credentialId, issue, issueApiserver, userWith} from '../support/certificates.ts';
import {answerByPath, type AnswersByPath, verifyingApiserver} from '../support/verifying-apiserver.ts';

const clusterAuthority = await authority('cluster-ca');
const serving = await issueApiserver(clusterAuthority);
const ada = await issue({commonName: 'ada', usage: 'client'}, clusterAuthority);
/** Excludes a gateway, so that only the other apiserver prevents a proof. */
const whoIsAda = {
	apiVersion: 'authentication.k8s.io/v1',
	kind: 'SelfSubjectReview',
	status: {userInfo: {username: 'ada', extra: credentialId(ada)}},
};
const options = {probe: 'passive', require: [parseRequirement('verified')], minBasis: 'proven'} as const;

type Apiserver = {verifies: boolean; answers?: AnswersByPath};

/** `apiserverOf` chooses the apiserver by the number of the connection, from 0. */
async function startBalancer(
	t: ExecutionContext,
	apiserverOf: (connection: number) => Apiserver,
	advertised: 'this address' | 'another' = 'another',
) {
	const numbers = new WeakMap<object, number>();
	let connections = 0;
	const server = await serve(
		t,
		answerByPath(({socket}) => {
			const {verifies, answers} = apiserverOf(numbers.get(socket)!);
			const address = advertised === 'this address' ? `127.0.0.1:${server.port}` : '10.0.0.5:6443';
			return {
				...verifyingApiserver(clusterAuthority.certificate, address, verifies ? {} : {'kubelet-certificate-authority': ''}),
				'/apis/authentication.k8s.io/v1/selfsubjectreviews': whoIsAda,
				...answers,
			};
		}),
		{
			key: serving.key,
			cert: serving.certificate,
			requestCert: true,
			rejectUnauthorized: false,
			onConnection: socket => numbers.set(socket, connections++),
		},
	);
	return server.cluster({
		user: userWith(ada),
		cluster: {'certificate-authority-data': btoa(clusterAuthority.certificate), ...sandboxMark},
	});
}

const verifying = () => ({verifies: true});
const verifyingExcept = (unverified: number) => (connection: number) => ({verifies: connection !== unverified});
/** The first connection ends at an apiserver that verifies kubelets, all others at its twin. */
const twins = (first: AnswersByPath, twin: AnswersByPath) => (connection: number) =>
	connection === 0 ? {verifies: true, answers: first} : {verifies: false, answers: twin};

test('an audit that requires verification fails when only the second apiserver lacks it', async t => {
	const {require, replicas, rows} = await runAudit(await startBalancer(t, verifyingExcept(1)), options);
	t.deepEqual([require.result, replicas.known, replicas.read, replicas.agree], ['not-met', 2, 2, false]);
	t.is(rows.find(({id}) => id === 'C4')?.verdict, 'fail');
});

test('an audit compares several connections when one replica is known', async t => {
	for (const connection of [2, 3, 4]) {
		const {require} = await runAudit(await startBalancer(t, verifyingExcept(connection)), options);
		t.is(require.result, 'not-met', `connection ${connection}`);
	}
});

test('an audit is undecided when one replica is known and a load balancer could hide another', async t => {
	const cluster = await startBalancer(t, verifying);
	const {require, replicas, rows} = await runAudit(cluster, options);
	t.deepEqual([require.result, replicas.known, replicas.agree], ['undecided', 1, null]);
	t.like(
		rows.find(({id}) => id === 'C4'),
		{verdict: 'pass', basis: 'inferred'},
	);
	t.is((await runAudit(cluster, {...options, minBasis: 'inferred'})).require.result, 'met');
});

test('an audit meets the requirement when the one known replica is reached at its own address', async t => {
	const {require, replicas} = await runAudit(await startBalancer(t, verifying, 'this address'), options);
	t.deepEqual([require.result, replicas.known, replicas.agree], ['met', 1, true]);
});

for (const [title, apiserverOf, agree] of [
	['both apiservers', verifyingExcept(1), false],
	['only the verifying apiserver', verifying, null],
] as const) {
	test(`active probes prove no path that is not open when later connections may reach ${title}`, async t => {
		const cluster = await startBalancer(t, apiserverOf);
		const paths = await findPaths(cluster, 'pod/web', {features: ['logs', 'exec', 'port-forward'], probe: 'active'});
		t.is(paths.length, 3);
		t.deepEqual(
			paths
				.filter(({legs, exposure}) => [legs[1]!.tls, legs[1]!.route, exposure].some(({basis}) => basis === 'proven'))
				.map(({line}) => line),
			[],
		);
		t.deepEqual([...new Set(paths.map(({process}) => process.agree))], [agree]);
	});
}

const startsHidden = twins({'/statusz': null}, {'/statusz': null});

for (const [title, apiserverOf] of [
	['whose start time nobody may read', startsHidden],
	['whose flags may not be read', twins({}, {'/flagz': null})],
	['that has no flagz', twins({}, {'/flagz': undefined, '/statusz': undefined, '/version': {gitVersion: 'v1.35.1'}})],
	['whose start time may not be read', twins({}, {'/statusz': null})],
] as const) {
	for (const advertised of ['this address', 'another'] as const) {
		test(`a twin ${title}${advertised === 'another' ? ', behind a balancer,' : ''} leaves nothing proven`, async t => {
			const cluster = await startBalancer(t, apiserverOf, advertised);
			const [path] = await findPaths(cluster, 'pod/web', {features: ['exec'], probe: 'passive'});
			t.not(path!.legs[1]!.tls.basis, 'proven');
			t.is(path!.process.known, 2);
			t.not((await runAudit(cluster, options)).require.result, 'met');
		});
	}
}

test('flags of a twin whose start time nobody may read that say otherwise are not left out', async t => {
	const [path] = await findPaths(await startBalancer(t, startsHidden), 'pod/web', {features: ['exec'], probe: 'passive'});
	t.not(path!.legs[1]!.tls.state, 'enforced');
});
