/** HTTP upgrades: RFC 6455 §4 for WebSockets, Kubernetes' own headers for SPDY. */
import {randomBytes} from 'node:crypto';
import type {IncomingHttpHeaders} from 'node:http';
import {SpokeError} from '../../errors/spoke-error.ts';
import {webSocketAccept} from '../../wire/websocket-accept.ts';
import type {UpgradeOptions} from '../connection.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';

export type UpgradeRequest = {headers: RequestHeaders; check: (headers: IncomingHttpHeaders, peerName: string) => string | null};

export function buildUpgradeRequest({upgrade, protocols}: Pick<UpgradeOptions, 'upgrade' | 'protocols'>): UpgradeRequest {
	if (upgrade === 'SPDY/3.1') {
		return {
			headers: {
				Connection: 'Upgrade',
				Upgrade: upgrade,
				'Content-Length': '0',
				...(protocols.length > 0 && {'X-Stream-Protocol-Version': protocols}),
			},
			check: (headers, peerName) => checkProtocol(headers, peerName, 'spdy/3.1', headers['x-stream-protocol-version'], protocols),
		};
	}

	const key = randomBytes(16).toString('base64');
	return {
		headers: {
			Connection: 'Upgrade',
			Upgrade: upgrade,
			'Sec-WebSocket-Version': '13',
			'Sec-WebSocket-Key': key,
			...(protocols.length > 0 && {'Sec-WebSocket-Protocol': protocols.join(', ')}),
		},
		check(headers, peerName) {
			if (headers['sec-websocket-accept'] !== webSocketAccept(key)) {
				throw upgradeError(peerName, 'Sec-WebSocket-Accept does not match the key');
			}

			return checkProtocol(headers, peerName, 'websocket', headers['sec-websocket-protocol'], protocols);
		},
	};
}

function checkProtocol(
	headers: IncomingHttpHeaders,
	peerName: string,
	upgrade: string,
	protocol: string | string[] | undefined,
	offered: readonly string[],
): string | null {
	if (headers.upgrade?.toLowerCase() !== upgrade) {
		throw upgradeError(peerName, `spoke requested ${upgrade}, but it switched to ${headers.upgrade ?? 'no named protocol'}`);
	}

	const agreed = Array.isArray(protocol) ? protocol[0] : protocol;
	if (agreed !== undefined && !offered.includes(agreed)) {
		throw upgradeError(peerName, `it selected the protocol ${agreed}, which was not offered`);
	}

	return agreed ?? null;
}

function upgradeError(peerName: string, why: string): SpokeError {
	return new SpokeError('ERR_UPGRADE_REFUSED', `${peerName} sent an invalid upgrade response: ${why}`);
}
