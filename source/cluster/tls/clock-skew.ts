/** A wrong local clock, as the reason that a certificate seems expired or not yet valid. */
import type {X509Certificate} from 'node:crypto';
import type {Duplex} from 'node:stream';
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import {userAgent} from '../../version.ts';

const responseTimeoutMs = 2000;
const maxHeadBytes = 16 * 1024;

/** A smaller clock difference is normal. */
const minSkewMs = 60_000;

/**
Describes a wrong local clock in one sentence, or returns `null`. The server is not trusted: it receives no user data, and its response is
only a hint.
*/
export async function clockSkew(socket: Duplex, leaf: X509Certificate, now: Date): Promise<string | null> {
	const serverTime = await serverDate(socket);
	if (!serverTime || serverTime < new Date(leaf.validFrom) || serverTime > new Date(leaf.validTo)) {
		return null;
	}

	const skewMs = now.getTime() - serverTime.getTime();
	return Math.abs(skewMs) < minSkewMs
		? null
		: `clock skew: this machine’s clock is ${formatSkew(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server’s (${formatRfc3339Seconds(serverTime)})`;
}

async function serverDate(socket: Duplex): Promise<Date | null> {
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
