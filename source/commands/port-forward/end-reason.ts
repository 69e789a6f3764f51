/** How does a run of port-forward end, for the event, the exit status and the error line? */
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';

export type EndReason = 'signal' | 'target-gone' | 'bind-failed' | 'not-found' | 'forbidden' | 'credentials' | 'unreachable' | 'error';

/** INT is how a person ends a forward: 0, as with kubectl. */
export function exitStatusForEnd(signal: string): number {
	return signal === 'SIGINT' ? exitStatus.ok : exitStatusForSignal(signal);
}

const reasons: Readonly<Partial<Record<SpokeError['code'], EndReason>>> = {
	ERR_TARGET_GONE: 'target-gone',
	ERR_PORT_IN_USE: 'bind-failed',
	ERR_NOT_FOUND: 'not-found',
	ERR_FORBIDDEN: 'forbidden',
	ERR_CREDENTIALS: 'credentials',
	ERR_CREDENTIAL_PLUGIN: 'credentials',
	ERR_CLIENT_CERTIFICATE: 'credentials',
	ERR_APISERVER_UNREACHABLE: 'unreachable',
	ERR_APISERVER_TIMEOUT: 'unreachable',
};

/** In a word for scripts, by the code. */
export function endReasonFor({code}: SpokeError): EndReason {
	return reasons[code] ?? 'error';
}
