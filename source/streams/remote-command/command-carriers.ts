/** Carriers of a remote command. */
import {statusMessage} from '../../server-messages/parse-status.ts';
import type {UpgradeResult} from '../../cluster/connection.ts';

export type CommandCarrier = {
	carrier: 'websocket' | 'spdy';
	method: 'GET' | 'POST';
	upgrade: 'websocket' | 'SPDY/3.1';
	protocol: string;
};

const websocketV5: CommandCarrier = {carrier: 'websocket', method: 'GET', upgrade: 'websocket', protocol: 'v5.channel.k8s.io'};
const spdyV4: CommandCarrier = {carrier: 'spdy', method: 'POST', upgrade: 'SPDY/3.1', protocol: 'v4.channel.k8s.io'};
const websocketV4: CommandCarrier = {...websocketV5, protocol: 'v4.channel.k8s.io'};

/**
SPDY is for users with only `create`, clusters before 1.30 and proxies that strip WebSockets. WebSocket v4 cannot end stdin.
`KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` leaves only SPDY, as in kubectl before 1.38.
*/
export function commandCarriers({stdin, tty}: {stdin: boolean; tty: boolean}, environment: NodeJS.ProcessEnv): readonly CommandCarrier[] {
	if (environment['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] === 'false') {
		return [spdyV4];
	}

	return stdin && !tty ? [websocketV5, spdyV4] : [websocketV5, spdyV4, websocketV4];
}

type RefusedUpgrade = Extract<UpgradeResult, {upgraded: false}>;

/**
Errors of the request (no permission, no such pod or container) are the same for every carrier. A failed upgrade, or a missing permission
for `get` only, can differ between carriers.
*/
export function shouldTryNextCarrier(result: RefusedUpgrade): boolean {
	const message = statusMessage(result.body);
	if (message !== null) {
		return /cannot get resource "pods\/(?:exec|attach|portforward)"/.test(message) || message === 'Upgrade request required';
	}

	return !isKubeletRefusal(result);
}

/** The kubelet's plain-text 401 and 403, and the apiserver's `error dialing backend`: no carrier would succeed. */
function isKubeletRefusal({status, body, headers}: RefusedUpgrade): boolean {
	const text = body.trim();
	const isPlainText = (headers['content-type'] ?? '').startsWith('text/plain');
	return (
		(isPlainText && ((status === 401 && text === 'Unauthorized') || (status === 403 && text.startsWith('Forbidden (user=')))) ||
		text.startsWith('error dialing backend:')
	);
}
