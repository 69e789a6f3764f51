/** Finds the leg on which a stream was lost. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {rejectOnAbort} from '../cluster/abortable.ts';
import {SpokeError, type SpokeErrorOptions} from '../errors/spoke-error.ts';
import {StreamLostError, type LossKind} from '../wire/protocol-error.ts';

const connectTimeoutMs = 3000;

/**
A stream that ends without a word was ended with the apiserver, where a fresh connection is not answered. Where it is, an orderly close
of the stream is
the apiserver's, which lost its own way to the kubelet; an end of the connection alone may as well be a balancer's on the way there.
Other errors are given back as they are.
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
The same of a tunnel of forwarded ports, whose pings are answered behind the apiserver, so that silence alone tells no leg; and of a
connection that no tunnel,
or nobody behind one, took in time. Other errors are given back as they are.
*/
export async function locateTunnelLoss(
	cluster: Pick<ClusterClient, 'connect'>,
	error: SpokeError,
	farEnd = 'the kubelet',
): Promise<SpokeError> {
	return locateTunnelLossBy(error, async () => checkApiserver(cluster), farEnd);
}

/**
The same of a log's answer that was cut. An apiserver ends our connection as well when its own to the kubelet is cut, and Node gives that
end the code of a
reset, yet no system call. Answers that are cut together are asked about once.
*/
export async function locateResponseLoss(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError): Promise<SpokeError> {
	return locatedError(error, wasReset(error) ? 'no-response' : await checkApiserverOnce(cluster));
}

/** The same for whom no asking is waited for. */
export function unlocatedLoss(error: SpokeError): SpokeError {
	return locatedError(error, wasReset(error) ? 'no-response' : 'not-checked');
}

/** The verdict on `error`, unless whoever waits for it leaves before: then it is told as one that nobody was asked about. Never rejects. */
export async function unlessAborted(error: SpokeError, locate: () => Promise<SpokeError>, signal: AbortSignal): Promise<SpokeError> {
	return rejectOnAbort(locate, signal).catch(async () => locateTunnelLossBy(error, async () => 'not-checked'));
}

async function locateTunnelLossBy(error: SpokeError, check: () => Promise<Reachability>, farEnd = 'the kubelet'): Promise<SpokeError> {
	const kind = lossKind(error);
	if (kind === null) {
		return error;
	}

	if (kind === 'not-taken') {
		const reachability = await check();
		return reachability === 'no-response'
			? withLocation(error, 'the apiserver (leg 1) does not respond to a new connection', {
					leg: 1,
					legKnown: true,
					remedy: 'check the network',
				})
			: lostOnUnknownLeg(error, notConfirmedTexts[reachability]);
	}

	const isSystemError = (error.cause as NodeJS.ErrnoException | undefined)?.code !== undefined;
	return locatedError(error, isSystemError ? 'no-response' : await check(), farEnd);
}

/** `null` for what is no lost stream. */
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

/** The system's own word of our connection, which it has for a reset and not for an end. */
function wasReset(error: unknown): boolean {
	return error instanceof Error && ('syscall' in error || wasReset(error.cause));
}

/** Whether the apiserver answers a connection of now; `not-checked` where none could be tried. */
type Reachability = 'responds' | 'no-response' | 'not-checked';

type UndecidedReachability = Exclude<Reachability, 'no-response'>;

function describeEitherLeg(reachability: UndecidedReachability, farEnd = 'the kubelet'): string {
	return `${reachability === 'responds' ? 'the apiserver responds to new connections; it is unknown whether its' : 'it is unknown whether the apiserver’s'} connection to ${farEnd} (leg 2) or yours to it (leg 1) was lost`;
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

/** The number is the row's, and no finding. */
function lostOnUnknownLeg(error: SpokeError, description: string): SpokeError {
	return withLocation(error, description, {legKnown: false});
}

function withLocation(error: SpokeError, description: string, location: SpokeErrorOptions): SpokeError {
	return error.withChanges({message: `${error.message}: ${description}`, ...location});
}

/** Measured: an apiserver resets the connection where the command ended while its input still came, and the status goes with it. */
const inputRefusedRemedy = 'check the network; a command that exits before reading all its input can also cause this';

async function checkApiserver(cluster: Pick<ClusterClient, 'connect'>): Promise<Reachability> {
	try {
		const connection = await cluster.connect({signal: AbortSignal.timeout(connectTimeoutMs)});
		connection.close();
		return 'responds';
	} catch (thrown) {
		// A credential plugin or file that fails here says nothing of the apiserver.
		return thrown instanceof SpokeError && thrown.leg === 0 ? 'not-checked' : 'no-response';
	}
}

const runningChecks = new WeakMap<Pick<ClusterClient, 'connect'>, Promise<Reachability>>();

async function checkApiserverOnce(cluster: Pick<ClusterClient, 'connect'>): Promise<Reachability> {
	const running =
		runningChecks.get(cluster) ??
		checkApiserver(cluster).finally(() => {
			runningChecks.delete(cluster);
		});
	runningChecks.set(cluster, running);
	return running;
}
