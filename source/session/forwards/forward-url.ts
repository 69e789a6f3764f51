/** Where is a forward reached on this machine? */
import type {ForwardState} from '../../state/session-state.ts';

/** For a browser or a program; `null` while it does not listen. */
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

/** The last two are every address of this machine. */
const answersLocalhost = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::']);
