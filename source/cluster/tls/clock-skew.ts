/** Clock skew as the cause of an invalid certificate date. */
import type {X509Certificate} from 'node:crypto';
import type {TLSSocket} from 'node:tls';
import {userAgent} from '../../version.ts';

const responseTimeoutMs = 2000;
const maxHeadBytes = 16 * 1024;

/** Smaller differences are normal. */
const minSkewMs = 60_000;

/** One sentence, or `null`. The rejected socket receives no user data, and its response is only a hint. */
export async function clockSkew(socket: TLSSocket, leaf: X509Certificate, now: Date): Promise<string | null> {
	const serverTime = await serverDate(socket);
	if (!serverTime || serverTime < new Date(leaf.validFrom) || serverTime > new Date(leaf.validTo)) {
		return null;
	}

	const skewMs = now.getTime() - serverTime.getTime();
	return Math.abs(skewMs) < minSkewMs
		? null
		: `clock skew: this machine’s clock is ${formatSkew(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server’s (${serverTime.toISOString().replace(/\.\d+Z$/, 'Z')})`;
}

async function serverDate(socket: TLSSocket): Promise<Date | null> {
	const {promise, resolve} = Promise.withResolvers<string>();
	const timer = setTimeout(() => {
		resolve('');
	}, responseTimeoutMs);
	let head = '';
	const read = (chunk: Buffer) => {
		head += chunk.toString('latin1');
		if (head.includes('\r\n\r\n') || head.length > maxHeadBytes) {
			resolve(head);
		}
	};

	const ended = () => {
		resolve(head);
	};

	socket.on('data', read).once('error', ended).once('close', ended);
	socket.write(`HEAD / HTTP/1.1\r\nHost: apiserver\r\nUser-Agent: ${userAgent}\r\nConnection: close\r\n\r\n`);
	try {
		const date = /^date: *(.+)$/im.exec(await promise)?.[1];
		const time = date === undefined ? NaN : Date.parse(date);
		return Number.isNaN(time) ? null : new Date(time);
	} finally {
		clearTimeout(timer);
		socket.off('data', read);
	}
}

function formatSkew(ms: number): string {
	const minutes = Math.round(ms / 60_000);
	return minutes < 120 ? `${minutes} min` : minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}
