/** What each kind of user can prove: a server with the apiserver's certificate may send each request to another apiserver. */
import test, {type ExecutionContext} from 'ava';
import type {ConnectionPurpose, Path, StreamFeature} from '../../source/evidence/evidence.ts';
import {examineApiserver} from '../../source/evidence/examine-apiserver.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {createLabeler} from '../../source/evidence/connection-labeler.ts';
import {configuredPath} from '../../source/evidence/find-paths.ts';
import {connectObserved} from '../../source/streams/observed-connection.ts';
import {answerFrom, reply, serve} from '../support/api-server.ts';
import {apiserverLeases, leasesPath} from '../support/verifying-apiserver.ts';
import {sandboxMark} from '../support/kubeconfig-text.ts';
import {authority, credentialId, issue, issueApiserver, userWith} from '../support/certificates.ts';
import {manualClock, onClock} from '../support/manual-clock.ts';
import {makeObservations} from '../support/observations.ts';
import {until} from '../support/until.ts';

const clusterAuthority = await authority('cluster-ca');
const serving = await issueApiserver(clusterAuthority);
const ada = await issue({commonName: 'ada', usage: 'client'}, clusterAuthority);
const token = {token: 'secret'};
const certificate = userWith(ada);
const named = credentialId(ada);

type Server = {
	user: Record<string, unknown>;
	/** Response to a SelfSubjectReview: the user's extra fields, or the status of the refusal. */
	review: Record<string, unknown> | 403;
	version?: string;
	/** From /flagz; without it, the process advertises another address than the connection's. */
	advertises?: 'this address';
	/** The apiserver of k3s, on loopback behind a server that may be k3s's own or the proxy of a virtual cluster. */
	k3s?: true;
	/** Front proxies can relay the name of a client certificate. */
	relays?: true;
	kubeletCa: string;
};

/** A gateway in front of two apiservers: requests are answered as by one of them, upgrades as by the other. */
async function startGateway(t: ExecutionContext, {review, version = 'v1.36.3', advertises, k3s, relays, kubeletCa}: Server) {
	const server = await serve(
		t,
		(...asked) => {
			const port = String(advertises ? server.port : 6443);
			const flags = {
				'kubelet-certificate-authority': kubeletCa,
				'egress-selector-config-file': '',
				'advertise-address': advertises ? '127.0.0.1' : '10.0.0.5',
				'secure-port': port,
				'bind-address': '0.0.0.0',
				'requestheader-client-ca-file': relays ? '/front.crt' : '',
				...(k3s && {'bind-address': '127.0.0.1', 'secure-port': '6444', 'advertise-port': port}),
			};
			answerFrom({
				'/flagz': {kind: 'Flagz', flags},
				'/statusz': {kind: 'Statusz', startTime: '2026-11-24T10:00:00Z'},
				'/version': {gitVersion: version},
				[leasesPath]: apiserverLeases(),
				'/apis/authentication.k8s.io/v1/selfsubjectreviews':
					review === 403 ? reply(403, {kind: 'Status', code: 403}) : {status: {userInfo: {username: 'ada', extra: review}}},
				'/api/v1/namespaces/default/configmaps/kube-root-ca.crt': {data: {'ca.crt': clusterAuthority.certificate}},
				'*': '{}',
			})(...asked);
		},
		{key: serving.key, cert: serving.certificate, requestCert: true, rejectUnauthorized: false},
	);
	return server;
}

const features: readonly StreamFeature[] = ['logs', 'exec', 'attach', 'port-forward', 'node-proxy', 'pod-proxy', 'service-proxy'];

function purposeOf(feature: StreamFeature): ConnectionPurpose {
	const kinds: Partial<Record<StreamFeature, 'Node' | 'Service'>> = {'node-proxy': 'Node', 'service-proxy': 'Service'};
	const request = feature.endsWith('-proxy')
		? {scheme: 'https' as const, port: feature === 'node-proxy' ? 10_250 : 443, portName: null, kubeletPort: feature === 'node-proxy'}
		: null;
	const {purpose} = makeObservations({}, feature, request);
	return {...purpose, target: {...purpose.target, kind: kinds[feature] ?? 'Pod'}};
}

/** All labels of one open stream per feature, then the path of each feature without an open stream. */
async function pathsThrough(t: ExecutionContext, given: Server): Promise<Path[]> {
	const server = await startGateway(t, given);
	const clock = manualClock();
	const cluster = onClock(
		await server.cluster({user: given.user, cluster: {'certificate-authority-data': btoa(clusterAuthority.certificate), ...sandboxMark}}),
		clock,
	);
	const labeler = createLabeler(cluster, {clock});
	const emitted: Path[] = [];
	labeler.onLabel((_, {path}) => {
		emitted.push(path);
	});
	for (const feature of features) {
		const purpose = purposeOf(feature);
		const connection = await connectObserved(cluster, purpose, labeler.observer);
		labeler.observer.onOpened?.(connection, purpose, {carrier: feature === 'logs' ? 'http' : 'websocket', protocol: null});
		labeler.observer.onFarEndAnswered?.(connection, purpose);
		await clock.advance(labelTimings.sharedProbeDelayMs + labelTimings.sharedProbeIntervalMs);
		await until(
			() => emitted.some(path => path.feature === feature && path.phase === 'settled'),
			() => emitted.at(-1),
		);
	}

	const examined = await examineApiserver(cluster);
	examined.connection.close();
	const configured = features.map(feature => configuredPath(examined, cluster, purposeOf(feature), {node: null, pod: null}));
	labeler.close();
	cluster.close();
	return [...emitted, ...configured];
}

const proven = ({legs, exposure}: Path) => [legs[1]!.tls, legs[1]!.route, exposure].some(({basis}) => basis === 'proven');
const described = ({feature, about, legs, line, process}: Path) => `${feature} ${about}: ${line} ${legs[1]!.tls.basis}, ${process.boundBy}`;

for (const [way, kubeletCa] of [
	['verifies, and streams reach an apiserver that does not', '/ca.pem'],
	['does not verify, and streams reach an apiserver that does', ''],
] as const) {
	for (const [title, server] of [
		['a token', {user: token, review: {}}],
		['a client certificate, and the review is refused', {user: certificate, review: 403}],
		['a client certificate, and the apiserver names none yet', {user: certificate, review: {}, version: 'v1.31.9'}],
		['a token beside a certificate', {user: {...certificate, ...token}, review: {}}],
		['a client certificate whose name a front proxy relays', {user: certificate, review: named, relays: true}],
		[
			'a client certificate that a virtual cluster’s proxy names to k3s',
			{user: certificate, review: named, version: 'v1.36.3+k3s1', k3s: true},
		],
	] as ReadonlyArray<readonly [string, Omit<Server, 'kubeletCa'>]>) {
		test(`the identity is not proven with ${title}, when the responding process ${way}`, async t => {
			const paths = await pathsThrough(t, {...server, kubeletCa});
			t.deepEqual(
				paths.filter(path => proven(path)).map(path => described(path)),
				[],
			);
			t.deepEqual(
				paths.filter(({process}) => process.boundBy !== 'none').map(path => described(path)),
				[],
			);
			t.deepEqual([...new Set(paths.map(({legs}) => legs[0]!.to))], ['unknown']);
			for (const feature of features) {
				const settled = paths.findLast(path => path.feature === feature && path.about === 'open-connection');
				t.is(settled?.legs[1]?.tls.basis, 'inferred', feature);
			}
		});
	}
}

test('a server is a gateway when the apiserver does not know the user by the certificate', async t => {
	const paths = await pathsThrough(t, {user: certificate, review: {}, kubeletCa: '/ca.pem'});
	t.deepEqual(
		paths.filter(path => proven(path)).map(path => described(path)),
		[],
	);
	t.true(paths.filter(({phase}) => phase === 'settled').every(({legs}) => legs[0]!.to === 'gateway'));
});

for (const [title, server] of [
	['a client certificate that the apiserver names', {user: certificate, review: named}],
	['a token at the address that the process advertises', {user: token, review: {}, advertises: 'this address'}],
	[
		'a client certificate before 1.32 at the address that the process advertises',
		{user: certificate, review: {}, version: 'v1.31.9', advertises: 'this address'},
	],
	[
		'a client certificate, a refused review and the address that the process advertises',
		{user: certificate, review: 403, advertises: 'this address'},
	],
	['a token at the address that k3s advertises', {user: token, review: {}, version: 'v1.36.3+k3s1', advertises: 'this address', k3s: true}],
] as ReadonlyArray<readonly [string, Omit<Server, 'kubeletCa'>]>) {
	test(`the identity of each open stream is proven with ${title}`, async t => {
		const paths = await pathsThrough(t, {...server, kubeletCa: ''});
		for (const feature of features) {
			const settled = paths.findLast(path => path.feature === feature && path.about === 'open-connection');
			t.deepEqual(
				[settled?.legs[0]?.to, settled?.legs[1]?.tls.basis, settled?.process.boundBy],
				['apiserver', 'proven', 'same-connection'],
				feature,
			);
		}
	});
}
