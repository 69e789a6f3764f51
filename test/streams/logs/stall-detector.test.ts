import test from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {SpokeError, type LegNumber} from '../../../source/base/errors/spoke-error.ts';
import {errorFromLogResponse, type OpenLog} from '../../../source/streams/logs/open-log.ts';
import {ApiserverCheck, FollowRead} from '../../../source/streams/logs/stall-detector.ts';

const limits = {
	checkApiserverAfterMs: 40,
	apiserverTimeoutMs: 200,
	secondReadAfterMs: 60,
	deliveryTimeoutMs: 20,
	secondReadIntervalMs: 100,
	responseTimeoutMs: 1000,
	silenceTimeoutMs: 1000,
};
const silence = () => new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not answer within 35 s');

/** A follow that never gets data. */
function silentFollow(
	cluster: ClusterClient,
	hasNewLines: () => Promise<boolean>,
	onStalled: (leg: LegNumber | null, error: SpokeError) => void,
) {
	let leg: LegNumber | null = null;
	const read = new FollowRead({
		source: {namespace: 'd', pod: 'p', uid: null, node: null, container: 'app'},
		async emit(event) {
			leg = event.type === 'stalled' ? event.leg : leg;
		},
		signal: undefined,
		apiserverCheck: new ApiserverCheck(cluster, limits.apiserverTimeoutMs),
		stallTimeouts: limits,
		hasEnded: () => false,
		async onUnanswered() {},
		hasNewLines,
	});
	void read.open(async ({signal}) => {
		signal!.addEventListener('abort', () => {
			read.close();
			onStalled(leg, signal!.reason as SpokeError);
		});
		return {close() {}} as OpenLog;
	});
	return read;
}

async function givenUp(
	request: () => Promise<unknown>,
	offersMore: () => Promise<boolean>,
): Promise<{leg: LegNumber | null; error: SpokeError}> {
	const cluster = {request, async logIn() {}} as unknown as ClusterClient;
	return new Promise(resolve => {
		silentFollow(cluster, offersMore, (leg, error) => {
			resolve({leg, error});
		});
	});
}

const answers = async () => ({body: {resume() {}}});

const silent = async () => {
	throw silence();
};

for (const [title, request, offersMore, leg, code] of [
	['a second read without a response is leg 2 while the apiserver responds', answers, silent, 2, 'ERR_SECOND_LEG'],
	['an apiserver that does not respond is leg 1', silent, async () => false, 1, 'ERR_APISERVER_TIMEOUT'],
	['lines seen only by the second read prove a loss, and not its leg', answers, async () => true, null, 'ERR_STREAM_LOST'],
] as const) {
	test(title, async t => {
		const stall = await givenUp(request, offersMore);
		t.is(stall.leg, leg);
		t.like(stall.error, {code, ...(leg !== null && {leg})});
	});
}

const nothing = async () => {};

/** Resolves after three failed checks without a stall. */
async function keptUp({
	request = answers,
	logIn = nothing,
	offersMore = async () => false,
}: {
	request?: () => Promise<unknown>;
	logIn?: () => Promise<void>;
	offersMore?: () => Promise<boolean>;
}): Promise<void> {
	let failures = 0;
	return new Promise((resolve, reject) => {
		const counted =
			<Value>(ask: () => Promise<Value>) =>
			async () => {
				try {
					return await ask();
				} catch (error) {
					failures++;
					if (failures === 3) {
						setTimeout(() => {
							read.close();
							resolve();
						}, 0);
					}

					throw error;
				}
			};

		const cluster = {request: counted(request), logIn: counted(logIn)} as unknown as ClusterClient;
		const read = silentFollow(cluster, counted(offersMore), (leg, error) => {
			reject(new Error(`given up on leg ${leg}: ${error.message}`));
		});
	});
}

const ofLog = (words: string) => `Get "https://10.0.0.1:10250/containerLogs/d/p/app": ${words}`;
const status = (code: number, message: string, kind = '') => ({
	status: code,
	body: JSON.stringify({kind: 'Status', status: 'Failure', message, code, details: {kind}}),
	headers: {},
});

for (const [title, answer] of [
	[
		'whose kubelet’s certificate has run out',
		status(
			500,
			ofLog(
				'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-26T00:00:00Z is after 2026-11-25T00:00:00Z',
			),
		),
	],
	[
		'whose kubelet’s certificate is of another authority',
		status(500, ofLog('tls: failed to verify certificate: x509: certificate signed by unknown authority')),
	],
	['whose kubelet waits for a certificate', status(500, ofLog('remote error: tls: internal error'))],
	[
		'whose kubelet refuses the apiserver’s certificate',
		status(401, 'the server has asked for the client to provide credentials ( pods/log p)', 'pods/log'),
	],
	[
		'whose kubelet refuses the apiserver’s identity',
		status(
			403,
			'Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy]) ( pods/log p)',
			'pods/log',
		),
	],
	['whose node’s name is not found', status(500, ofLog('dial tcp: lookup n1 on 10.0.0.2:53: no such host'))],
	['that the apiserver does not let in any more', status(401, 'Unauthorized')],
	[
		'that one may not read any more',
		status(403, 'pods "p" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "d"'),
	],
	['that is one request too many', status(429, 'too many requests')],
	['that fails with words of no row', status(500, ofLog('something new'))],
] as const) {
	test(`a second read ${title} keeps the stream`, async t => {
		await t.notThrowsAsync(
			keptUp({
				async offersMore() {
					throw errorFromLogResponse(answer, {namespace: 'd'});
				},
			}),
		);
	});
}

for (const [title, answer, code] of [
	['is refused', status(500, ofLog('dial tcp 10.0.0.1:10250: connect: connection refused')), 'ERR_SECOND_LEG'],
	['is dropped', status(500, ofLog('dial tcp 10.0.0.1:10250: i/o timeout')), 'ERR_SECOND_LEG'],
	['has no agent', status(500, ofLog('No agent available')), 'ERR_SECOND_LEG'],
	['is silent in TLS', status(500, ofLog('net/http: TLS handshake timeout')), 'ERR_SECOND_LEG'],
	[
		'meets the apiserver’s own limit',
		status(500, ofLog('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
		'ERR_SECOND_LEG',
	],
	['finds no pod', status(404, 'pods "p" not found', 'pods'), 'ERR_NOT_FOUND'],
	['finds a container that is over', status(400, 'container "app" in pod "p" is terminated'), 'ERR_TARGET_GONE'],
] as const) {
	test(`a second read that ${title} ends the stream`, async t => {
		const {leg, error} = await givenUp(answers, async () => {
			throw errorFromLogResponse(answer, {namespace: 'd'});
		});
		t.is(leg, 2);
		t.is(error.code, code);
	});
}

for (const [title, options] of [
	[
		'credentials that cannot be had',
		{
			async logIn() {
				throw new SpokeError('ERR_CREDENTIAL_PLUGIN', 'the plugin failed');
			},
		},
	],
	[
		'an apiserver’s certificate that ran out',
		{
			async request() {
				throw new SpokeError('ERR_APISERVER_TLS', 'certificate has expired');
			},
		},
	],
] as const) {
	test(`${title} do not end an open stream`, async t => {
		await t.notThrowsAsync(keptUp(options));
	});
}
