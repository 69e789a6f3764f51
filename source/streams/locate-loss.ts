/** Finds the leg on which a stream was lost, or on which nothing arrives. */
import {rejectOnAbort} from '../base/async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {errorFromResponse} from '../cluster/error-from-response.ts';
import {explainMessage} from '../cluster/server-messages/explain-message.ts';
import {unwrapMessage} from '../cluster/server-messages/unwrap-message.ts';
import type {ResolvedTarget} from '../cluster/targets/parse-target.ts';
import {objectPath, podResource} from '../cluster/targets/resource-names.ts';
import {isDescriptorLimit} from '../cluster/transport/dial-tcp.ts';
import {maxErrorPrefixBytes, readBodyPrefix} from '../cluster/transport/response-body.ts';
import {isSpokeError, SpokeError, type SpokeErrorOptions} from '../base/errors/spoke-error.ts';
import {StreamLostError, type LossKind} from '../wire/protocol-error.ts';

/** Of each step of a connection. */
const connectTimeoutMs = 3000;
/** Includes waiting for credentials and for other handshakes, which says nothing about the apiserver. */
const checkTimeoutMs = 2 * connectTimeoutMs;

/** A kubelet has 30 s for a connection and 10 s for its handshake; a frozen agent and a stalled apiserver have no limit (measured). */
export const unansweredMs = 35_000;

const lossCodes = new Set(['ERR_STREAM_LOST', 'ERR_SECOND_LEG', 'ERR_APISERVER_UNREACHABLE', 'ERR_APISERVER_TIMEOUT']);

/**
A system error or silence means that leg 1 was lost; otherwise tries a new connection. If that succeeds, a close without a status means that
the apiserver lost leg 2; the end of a TCP connection can also come from a load balancer on leg 1. Returns other errors unchanged.
*/
export async function locateStreamLoss(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError): Promise<SpokeError> {
	const kind = lossKind(error);
	if (kind === null || kind === 'input-refused') {
		return error;
	}

	const {code, syscall} = (error.cause ?? {}) as NodeJS.ErrnoException;
	const reachability = code !== undefined || kind === 'silence' ? 'no-response' : await checkApiserver(cluster);
	if (reachability === 'no-response') {
		return lostToApiserver(error, syscall === 'write' ? inputRefusedRemedy : 'check the network, then run the command again');
	}

	return reachability === 'responds' && kind === 'no-status'
		? withLocation(error, 'the apiserver responds, so its connection to the kubelet (leg 2) was lost', {leg: 2, legKnown: true})
		: onUnknownLeg(error, reachability, eitherLegWasLost());
}

/**
For tunnels, whose pings are answered beyond the apiserver, so that silence identifies no leg, and for connections not accepted in time.
Returns other errors unchanged.
*/
export async function locateTunnelLoss(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError, farEnd?: string): Promise<SpokeError> {
	return locateTunnelLossBy(error, async () => checkApiserver(cluster), farEnd);
}

/**
Finds the leg on which a log response was lost. An apiserver also ends leg 1 when it loses leg 2; only a reset of leg 1 names a system call.
*/
export async function locateResponseLoss(cluster: Pick<ClusterClient, 'connect' | 'records'>, error: SpokeError): Promise<SpokeError> {
	return locatedError(error, wasReset(error) ? 'no-response' : await cluster.records.of(SharedCheck, () => new SharedCheck()).run(cluster));
}

/**
Names the leg of an upgrade without a response: the apiserver responds to it only when it has reached the kubelet. Returns other errors
unchanged.
*/
export async function locateUnansweredUpgrade(
	cluster: Pick<ClusterClient, 'request' | 'connect'>,
	target: ResolvedTarget,
	error: SpokeError,
	signal: AbortSignal | undefined,
): Promise<SpokeError> {
	if (error.code !== 'ERR_APISERVER_TIMEOUT') {
		return error;
	}

	const found = await probeSecondLeg(cluster, target, {what: 'response', timeoutMs: unansweredMs, signal}).catch(() => null);
	return found ?? locateSilence(error, await checkApiserver(cluster));
}

export function unlocatedLoss(error: SpokeError): SpokeError {
	return locatedError(error, wasReset(error) ? 'no-response' : 'not-checked');
}

/** Locates the loss unless aborted: then the apiserver counts as not checked. Never rejects. */
export async function locateUntilAborted(error: SpokeError, locate: () => Promise<SpokeError>, signal: AbortSignal): Promise<SpokeError> {
	return rejectOnAbort(locate, signal).catch(async () => locateTunnelLossBy(error, async () => 'not-checked'));
}

async function locateTunnelLossBy(error: SpokeError, check: () => Promise<Reachability>, farEnd?: string): Promise<SpokeError> {
	const kind = lossKind(error);
	if (kind === null) {
		return error;
	}

	if (kind === 'not-confirmed') {
		return locateSilence(error, await check());
	}

	const isSystemError = (error.cause as NodeJS.ErrnoException | undefined)?.code !== undefined;
	return locatedError(error, isSystemError ? 'no-response' : await check(), farEnd);
}

function locateSilence(error: SpokeError, reachability: Reachability): SpokeError {
	return reachability === 'no-response'
		? withLocation(error, 'the apiserver (leg 1) does not respond to a new connection', {
				leg: 1,
				legKnown: true,
				remedy: 'check the network',
			})
		: onUnknownLeg(
				error,
				reachability,
				'your connection to the apiserver (leg 1), its connection to the kubelet (leg 2) or the runtime has stalled',
			);
}

function lossKind(error: SpokeError): LossKind | null {
	if (error.code !== 'ERR_STREAM_LOST') {
		return null;
	}

	return error instanceof StreamLostError ? error.kind : 'cut';
}

function locatedError(error: SpokeError, reachability: Reachability, farEnd?: string): SpokeError {
	return reachability === 'no-response'
		? lostToApiserver(error, 'check the network')
		: onUnknownLeg(error, reachability, eitherLegWasLost(farEnd));
}

/** A real reset has a system call; an end with the code of a reset has none. */
function wasReset(error: unknown): boolean {
	return error instanceof Error && ('syscall' in error || wasReset(error.cause));
}

type Reachability = 'responds' | 'no-response' | 'not-checked';

function eitherLegWasLost(farEnd = 'the kubelet'): string {
	return `the apiserver’s connection to ${farEnd} (leg 2) or your connection to the apiserver (leg 1) was lost`;
}

function lostToApiserver(error: SpokeError, remedy: string): SpokeError {
	return withLocation(error, 'the connection to the apiserver (leg 1) was lost', {leg: 1, legKnown: true, remedy});
}

/** The leg of the error's code is not a finding. */
function onUnknownLeg(error: SpokeError, reachability: Reachability, what: string): SpokeError {
	const responds = reachability === 'responds' ? 'the apiserver responds to new connections; ' : '';
	return withLocation(error, `${responds}it is unknown whether ${what}`, {legKnown: false});
}

function withLocation(error: SpokeError, description: string, location: SpokeErrorOptions): SpokeError {
	return error.withChanges({message: `${error.message}: ${description}`, ...location});
}

/** Measured: if the command ends while input still arrives, the apiserver resets the connection and the status is lost. */
const inputRefusedRemedy = 'check the network; a command that exits before reading all its input can also cause this';

async function checkApiserver(cluster: Pick<ClusterClient, 'connect'>): Promise<Reachability> {
	try {
		const connection = await cluster.connect({
			mustDial: true,
			dialTimeoutMs: connectTimeoutMs,
			signal: AbortSignal.timeout(checkTimeoutMs),
		});
		connection.close();
		return 'responds';
	} catch (thrown) {
		return isDialFailure(thrown) ? 'no-response' : 'not-checked';
	}
}

/** Credentials that cannot be read say nothing about the apiserver, and it is unknown who presents an untrusted certificate. */
function isDialFailure(thrown: unknown): boolean {
	return isSpokeError(thrown) && thrown.code === 'ERR_APISERVER_UNREACHABLE' && !isDescriptorLimit(thrown.cause ?? {});
}

/** One check for all responses that are lost together. */
class SharedCheck {
	#running: Promise<Reachability> | undefined;

	async run(cluster: Pick<ClusterClient, 'connect'>): Promise<Reachability> {
		this.#running ??= checkApiserver(cluster).finally(() => {
			this.#running = undefined;
		});
		return this.#running;
	}
}

/** Failures that another attempt over a new connection can help. */
export function isConnectionLoss({code}: SpokeError): boolean {
	return lossCodes.has(code);
}

/**
Requests one byte of the container's log. `null`: the log is read, or its failure says nothing about the kubelet. `what` did not arrive.
@throws as `request`
*/
export async function probeSecondLeg(
	cluster: Pick<ClusterClient, 'request'>,
	{namespace, name, container}: ResolvedTarget,
	{what, timeoutMs, signal}: {what: 'output' | 'response'; timeoutMs: number; signal: AbortSignal | undefined},
): Promise<SpokeError | null> {
	const query = new URLSearchParams({limitBytes: '1', tailLines: '1', ...(container !== null && {container})});
	const path = `${objectPath(podResource, namespace ?? 'default', name, 'log')}?${query.toString()}`;
	const {status, headers, body} = await cluster.request({path, timeoutMs, ...(signal && {signal})});
	const text = await readBodyPrefix(body, maxErrorPrefixBytes);
	// A failed log read names the kubelet's URL.
	if (status < 500 || !text.includes('/containerLogs/')) {
		return null;
	}

	const explanation = errorFromResponse({status, headers, body: text}).text ?? text;
	return indicatesStall({code: 'ERR_SECOND_LEG', text: explanation})
		? secondLegError(what, 'the apiserver cannot reach the kubelet', explanation)
		: null;
}

export function secondLegError(what: 'output' | 'response', description: string, text?: string): SpokeError {
	return new SpokeError('ERR_SECOND_LEG', `no ${what} in ${unansweredMs / 1000} s, and ${description}`, text === undefined ? {} : {text});
}

/** No response or no peer. Excludes unknown host names, which only a new dial resolves. */
const unreachedRows = /^(?:D[1-3]|[GH]\d|T[78])$/;
/** Go's timeouts without a row: contexts, sockets, handshakes, responses, HTTP/2 pings. */
const timeoutMessages = /(?:context deadline exceeded|timeout|Client\.Timeout exceeded[^:]*|http2: client connection lost)\)?$/;

/**
Whether leg 2 or the log is gone. A peer that refuses a new connection or request (expired certificate, revoked permission, too many
requests) says nothing about an open stream. Unknown errors do not count: reconnecting can lose lines.
*/
export function indicatesStall({code, text}: Pick<SpokeError, 'code' | 'text'>): boolean {
	if (code !== 'ERR_SECOND_LEG') {
		// A gone pod should have ended the stream. A network that stalls this response can stall a follow.
		return code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE' || code === 'ERR_STREAM_LOST';
	}

	const row = explainMessage(text ?? '', {status: 500})?.rule;
	if (row) {
		return unreachedRows.test(row.id);
	}

	const {wrapper, message} = unwrapMessage(text?.trim() ?? '', [], {isStream: false, code: 500});
	return wrapper === 'log' && timeoutMessages.test(message);
}
