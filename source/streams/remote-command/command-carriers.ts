/** Carriers of a remote command, and when to try the next one. */
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
In order: the current channels; SPDY, for users who have only `create`, for clusters before 1.30 and for proxies that strip WebSockets;
last the WebSocket that such clusters had, which cannot end stdin and has no use for a command that reads it to its end.
`KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` leaves SPDY alone, as with kubectl.
*/
export function commandCarriers({stdin, tty}: {stdin: boolean; tty: boolean}, environment: NodeJS.ProcessEnv): readonly CommandCarrier[] {
	if (environment['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] === 'false') {
		return [spdyV4];
	}

	return stdin && !tty ? [websocketV5, spdyV4] : [websocketV5, spdyV4, websocketV4];
}

type RefusedUpgrade = Extract<UpgradeResult, {upgraded: false}>;

/**
Whether another carrier may fare better. An answer that knows the request (the user may not create it, there is no such pod or container,
the apiserver or kubelet said why) would be given again; one that is about upgrading or about `get` alone would not.
*/
export function shouldTryNextCarrier(result: RefusedUpgrade): boolean {
	const message = statusMessage(result.body);
	if (message !== null) {
		return /cannot get resource "pods\/(?:exec|attach|portforward)"/.test(message) || message === 'Upgrade request required';
	}

	return !isKubeletRefusal(result);
}

/** The kubelet refused the apiserver, or could not be reached; either as text/plain: rows K2 and K3 of the failures. */
function isKubeletRefusal({status, body, headers}: RefusedUpgrade): boolean {
	const text = body.trim();
	const isPlainText = (headers['content-type'] ?? '').startsWith('text/plain');
	return (
		(isPlainText && ((status === 401 && text === 'Unauthorized') || (status === 403 && text.startsWith('Forbidden (user=')))) ||
		text.startsWith('error dialing backend:')
	);
}
