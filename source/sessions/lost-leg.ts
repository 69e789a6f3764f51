/** Which leg a lost stream was lost on. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {SpokeError} from '../errors/spoke-error.ts';

const askMs = 3000;

/**
A stream that ends without a word was ended with the apiserver, where a fresh connection is not answered. Where it is, an orderly close of the stream is
the apiserver's, which lost its own way to the kubelet; an end of the connection alone may as well be a balancer's on the way there.
Other errors are given back as they are.
*/
export async function lossNamed(cluster: Pick<ClusterAccess, 'connect'>, error: SpokeError): Promise<SpokeError> {
	if (error.code !== 'ERR_STREAM_LOST') {
		return error;
	}

	if (error.message.startsWith('the far side took no more input')) {
		return error;
	}

	const {code, syscall} = (error.cause ?? {}) as NodeJS.ErrnoException;
	if (code !== undefined || error.message.startsWith('nothing was heard') || !await answers(cluster)) {
		return lostToApiserver(error, syscall === 'write' ? inputRefused : 'check the network, and run it again');
	}

	return lostBehind(error, error.message.startsWith('the stream ended') ? 'the apiserver answers, so its way to the kubelet (leg 2) was cut' : eitherWay);
}

/**
The same of a tunnel of forwarded ports, whose pings are answered behind the apiserver, so that silence alone tells no leg.
Other errors are given back as they are.
*/
export async function tunnelLoss(cluster: Pick<ClusterAccess, 'connect'>, error: SpokeError): Promise<SpokeError> {
	if (error.code !== 'ERR_STREAM_LOST') {
		return error;
	}

	const isOwn = (error.cause as NodeJS.ErrnoException | undefined)?.code !== undefined;
	return isOwn || !await answers(cluster) ? lostToApiserver(error, 'check the network') : lostBehind(error, eitherWay);
}

const eitherWay = 'the apiserver answers others; whether its way to the kubelet (leg 2) was cut, or yours to it (leg 1), is not known';

function lostToApiserver(error: SpokeError, remedy: string): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `${error.message}: the connection to the apiserver (leg 1) is gone`, {leg: 1, cause: error, ...error.text !== null && {text: error.text}, remedy});
}

function lostBehind(error: SpokeError, what: string): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `${error.message}: ${what}`, {leg: 2, cause: error, ...error.text !== null && {text: error.text}});
}

/** Measured: an apiserver resets the connection where the command ended while its input still came, and the status goes with it. */
const inputRefused = 'check the network; a command that ends before its input does may end like this as well';

async function answers(cluster: Pick<ClusterAccess, 'connect'>): Promise<boolean> {
	try {
		const connection = await cluster.connect({signal: AbortSignal.timeout(askMs)});
		connection.close();
		return true;
	} catch {
		return false;
	}
}
