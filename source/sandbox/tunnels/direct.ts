/** The plain route: a TCP connection from the control plane's own address. */
import {createConnection, type Socket} from 'node:net';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {noop} from '../network/noop.ts';
import {DialError, goDialText, type Dial} from './dialer.ts';

const dialLimitMs = 30_000;

/** Dials as whoever lives at `from`. */
export function directDial(plan: AddressPlan, from: string): Dial {
	return async to => {
		try {
			return await connectFrom(plan, from, to, dialLimitMs);
		} catch (error) {
			throw new DialError(goDialText(to, error as NodeJS.ErrnoException));
		}
	};
}

/** A connected socket; rejects with the system's error, ETIMEDOUT when `limitMs` passes. */
export async function connectFrom(plan: AddressPlan, from: string, to: HostPort, limitMs: number): Promise<Socket> {
	const {address: host, port} = plan.locate(to);
	const localAddress = plan.sourceOf(from);
	const socket = createConnection({host, port, allowHalfOpen: true, ...(localAddress !== undefined && {localAddress})});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const limit = setTimeout(() => {
		reject(Object.assign(new Error('timeout'), {code: 'ETIMEDOUT'}));
	}, limitMs);
	socket.once('connect', resolve).once('error', reject);
	try {
		await promise;
	} catch (error) {
		socket.destroy();
		throw error;
	} finally {
		clearTimeout(limit);
	}

	socket.setNoDelay(true);
	socket.off('error', reject).on('error', noop);
	return socket;
}
