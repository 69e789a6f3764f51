/** Which leg a lost stream was lost on. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {rejectOnAbort} from '../cluster/abortable.ts';
import {SpokeError, type SpokeErrorOptions} from '../errors/spoke-error.ts';
import {StreamLostError, type LossKind} from '../wire/protocol-error.ts';

const askMs = 3000;

/**
A stream that ends without a word was ended with the apiserver, where a fresh connection is not answered. Where it is, an orderly close of the stream is
the apiserver's, which lost its own way to the kubelet; an end of the connection alone may as well be a balancer's on the way there.
Other errors are given back as they are.
*/
export async function locateStreamLoss(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError): Promise<SpokeError> {
	const how = howLost(error);
	if (how === null || how === 'input-refused') {
		return error;
	}

	const {code, syscall} = (error.cause ?? {}) as NodeJS.ErrnoException;
	const found = code !== undefined || how === 'silence' ? 'silent' : await asked(cluster);
	if (found === 'silent') {
		return lostToApiserver(error, syscall === 'write' ? inputRefused : 'check the network, and run it again');
	}

	return found === 'answers' && how === 'no-status'
		? lost(error, 'the apiserver answers, so its way to the kubelet (leg 2) was cut', {leg: 2, legKnown: true})
		: lostSomewhere(error, eitherWay(found));
}

/**
The same of a tunnel of forwarded ports, whose pings are answered behind the apiserver, so that silence alone tells no leg; and of a connection that no tunnel,
or nobody behind one, took in time. Other errors are given back as they are.
*/
export async function locateTunnelLoss(
	cluster: Pick<ClusterClient, 'connect'>,
	error: SpokeError,
	to = 'the kubelet',
): Promise<SpokeError> {
	return tunnelLossBy(error, async () => asked(cluster), to);
}

/**
The same of a log's answer that was cut. An apiserver ends our connection as well when its own to the kubelet is cut, and Node gives that end the code of a
reset, yet no system call. Answers that are cut together are asked about once.
*/
export async function locateResponseLoss(cluster: Pick<ClusterClient, 'connect'>, error: SpokeError): Promise<SpokeError> {
	return verdictOn(error, wasReset(error) ? 'silent' : await askedTogether(cluster));
}

/** The same for whom no asking is waited for. */
export function unlocatedLoss(error: SpokeError): SpokeError {
	return verdictOn(error, wasReset(error) ? 'silent' : 'unasked');
}

/** The verdict on `error`, unless whoever waits for it leaves before: then it is told as one that nobody was asked about. Never rejects. */
export async function unlessAborted(error: SpokeError, verdict: () => Promise<SpokeError>, signal: AbortSignal): Promise<SpokeError> {
	return rejectOnAbort(verdict, signal).catch(async () => tunnelLossBy(error, async () => 'unasked'));
}

async function tunnelLossBy(error: SpokeError, ask: () => Promise<Asked>, to = 'the kubelet'): Promise<SpokeError> {
	const how = howLost(error);
	if (how === null) {
		return error;
	}

	if (how === 'not-taken') {
		const found = await ask();
		return found === 'silent'
			? lost(error, 'the apiserver (leg 1) answers no new connection', {leg: 1, legKnown: true, remedy: 'check the network'})
			: lostSomewhere(error, whoeverWaits[found]);
	}

	const isOwn = (error.cause as NodeJS.ErrnoException | undefined)?.code !== undefined;
	return verdictOn(error, isOwn ? 'silent' : await ask(), to);
}

/** `null` for what is no lost stream. */
function howLost(error: SpokeError): LossKind | null {
	if (error.code !== 'ERR_STREAM_LOST') {
		return null;
	}

	return error instanceof StreamLostError ? error.kind : 'cut';
}

function verdictOn(error: SpokeError, found: Asked, to?: string): SpokeError {
	return found === 'silent' ? lostToApiserver(error, 'check the network') : lostSomewhere(error, eitherWay(found, to));
}

/** The system's own word of our connection, which it has for a reset and not for an end. */
function wasReset(error: unknown): boolean {
	return error instanceof Error && ('syscall' in error || wasReset(error.cause));
}

/** Whether the apiserver answers a connection of now; `unasked` where none could be tried. */
type Asked = 'answers' | 'silent' | 'unasked';

type Open = Exclude<Asked, 'silent'>;

function eitherWay(found: Open, to = 'the kubelet'): string {
	return `${found === 'answers' ? 'the apiserver answers others; whether its way' : 'whether the apiserver’s way'} to ${to} (leg 2) was cut, or yours to it (leg 1), is not known`;
}

const whoeverWaits: Readonly<Record<Open, string>> = {
	answers:
		'the apiserver answers others; whether your way to it (leg 1), its way to the kubelet (leg 2) or the runtime stands still is not known',
	unasked: 'whether your way to the apiserver (leg 1), its way to the kubelet (leg 2) or the runtime stands still is not known',
};

function lostToApiserver(error: SpokeError, remedy: string): SpokeError {
	return lost(error, 'the connection to the apiserver (leg 1) is gone', {leg: 1, legKnown: true, remedy});
}

/** The number is the row's, and no finding. */
function lostSomewhere(error: SpokeError, what: string): SpokeError {
	return lost(error, what, {legKnown: false});
}

function lost(error: SpokeError, what: string, where: SpokeErrorOptions): SpokeError {
	return error.withChanges({message: `${error.message}: ${what}`, ...where});
}

/** Measured: an apiserver resets the connection where the command ended while its input still came, and the status goes with it. */
const inputRefused = 'check the network; a command that ends before its input does may end like this as well';

async function asked(cluster: Pick<ClusterClient, 'connect'>): Promise<Asked> {
	try {
		const connection = await cluster.connect({signal: AbortSignal.timeout(askMs)});
		connection.close();
		return 'answers';
	} catch (thrown) {
		// A credential plugin or file that fails here says nothing of the apiserver.
		return thrown instanceof SpokeError && thrown.leg === 0 ? 'unasked' : 'silent';
	}
}

const asking = new WeakMap<Pick<ClusterClient, 'connect'>, Promise<Asked>>();

async function askedTogether(cluster: Pick<ClusterClient, 'connect'>): Promise<Asked> {
	const running =
		asking.get(cluster) ??
		asked(cluster).finally(() => {
			asking.delete(cluster);
		});
	asking.set(cluster, running);
	return running;
}
