/** Failures that another attempt over a new connection can help. */
import type {SpokeError} from '../errors/spoke-error.ts';

const lossCodes = new Set(['ERR_STREAM_LOST', 'ERR_SECOND_LEG', 'ERR_APISERVER_UNREACHABLE', 'ERR_APISERVER_TIMEOUT']);

export function isConnectionLoss({code}: SpokeError): boolean {
	return lossCodes.has(code);
}
