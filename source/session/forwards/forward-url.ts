/** Local URL of a forward. */
import type {ForwardState} from '../../state/session-state.ts';

/** `null` while it is not listening. */
export function forwardUrl({
	local,
	remote,
	portName,
	address,
}: Pick<ForwardState, 'local' | 'remote' | 'portName' | 'address'>): string | null {
	if (local === null) {
		return null;
	}

	const isHttps = ['443', '8443', 'https'].some(one => one === remote || one === portName);
	return `${isHttps ? 'https' : 'http'}://${hostOf(address.split(','))}:${local}`;
}

function hostOf(addresses: readonly string[]): string {
	const [first = 'localhost'] = addresses;
	if (addresses.some(one => answersLocalhost.has(one))) {
		return 'localhost';
	}

	return first.includes(':') ? `[${first}]` : first;
}

/** The last two are wildcard addresses. */
const answersLocalhost = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::']);
