/** Finds the leg on which a stream was lost. */
import {rejectOnAbort} from '../base/async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isDescriptorLimit} from '../cluster/transport/dial-tcp.ts';
import {isSpokeError, type SpokeError, type SpokeErrorOptions} from '../base/errors/spoke-error.ts';
import {StreamLostError, type LossKind} from '../wire/protocol-error.ts';

/** Of each step of a connection. */
const connectTimeoutMs = 3000;
/** Includes waiting for credentials and for other handshakes, which says nothing about the apiserver. */
const checkTimeoutMs = 2 * connectTimeoutMs;

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
		: lostOnUnknownLeg(error, describeEitherLeg(reachability));
}

/**
For tunnels, whose pings are answered beyond the apiserver, so that silence identifies no leg, and for connections not accepted in time.
Returns other errors unchanged.
*/
export async function locateTunnelLoss(
	cluster: Pick<ClusterClient, 'connect'>,
	error: SpokeError,
	farEnd = 'the kubelet',
): Promise<SpokeError> {
	return locateTunnelLossBy(error, async () => checkApiserver(cluster), farEnd);
}

/**
Finds the leg on which a log response was lost. An apiserver also ends leg 1 when it loses leg 2; only a reset of leg 1 names a system call.
*/
export async function locateResponseLoss(cluster: Pick<ClusterClient, 'connect' | 'records'>, error: SpokeError): Promise<SpokeError> {
	return locatedError(error, wasReset(error) ? 'no-response' : await cluster.records.of(SharedCheck, () => new SharedCheck()).run(cluster));
}

/** For a request that had no response, on a connection that stands. */
export async function locateUnanswered(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError): Promise<SpokeError> {
	return locateSilence(error, await checkApiserver(cluster));
}

export function unlocatedLoss(error: SpokeError): SpokeError {
	return locatedError(error, wasReset(error) ? 'no-response' : 'not-checked');
}

/** Locates the loss unless aborted: then the apiserver counts as not checked. Never rejects. */
export async function locateUntilAborted(error: SpokeError, locate: () => Promise<SpokeError>, signal: AbortSignal): Promise<SpokeError> {
	return rejectOnAbort(locate, signal).catch(async () => locateTunnelLossBy(error, async () => 'not-checked'));
}

async function locateTunnelLossBy(error: SpokeError, check: () => Promise<Reachability>, farEnd = 'the kubelet'): Promise<SpokeError> {
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
		: lostOnUnknownLeg(error, notConfirmedTexts[reachability]);
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
		: lostOnUnknownLeg(error, describeEitherLeg(reachability, farEnd));
}

/** A real reset has a system call; an end with the code of a reset has none. */
function wasReset(error: unknown): boolean {
	return error instanceof Error && ('syscall' in error || wasReset(error.cause));
}

type Reachability = 'responds' | 'no-response' | 'not-checked';

type UndecidedReachability = Exclude<Reachability, 'no-response'>;

function describeEitherLeg(reachability: UndecidedReachability, farEnd = 'the kubelet'): string {
	return `${reachability === 'responds' ? 'the apiserver responds to new connections; it is unknown whether its' : 'it is unknown whether the apiserver’s'} connection to ${farEnd} (leg 2) or your connection to the apiserver (leg 1) was lost`;
}

const notConfirmedTexts: Readonly<Record<UndecidedReachability, string>> = {
	responds:
		'the apiserver responds to new connections; it is unknown whether your connection to it (leg 1), its connection to the kubelet (leg 2) or the runtime has stalled',
	'not-checked':
		'it is unknown whether your connection to the apiserver (leg 1), its connection to the kubelet (leg 2) or the runtime has stalled',
};

function lostToApiserver(error: SpokeError, remedy: string): SpokeError {
	return withLocation(error, 'the connection to the apiserver (leg 1) was lost', {leg: 1, legKnown: true, remedy});
}

/** The leg of the error's code is not a finding. */
function lostOnUnknownLeg(error: SpokeError, description: string): SpokeError {
	return withLocation(error, description, {legKnown: false});
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
