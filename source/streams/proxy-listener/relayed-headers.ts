/** Headers that the listener relays in each direction. */
import type {IncomingHttpHeaders, OutgoingHttpHeaders} from 'node:http';

/** Hop-by-hop (RFC 9110 section 7.6.1), or set by the connection to the apiserver. */
const hopByHopHeaders = new Set([
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
	'host',
	'expect',
	'accept-encoding',
]);

/** Only the kubeconfig decides the identity. */
const identityHeaders = /^(?:authorization|impersonate-.*|x-remote-.*)$/;

export function headersToApiserver(headers: IncomingHttpHeaders): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).flatMap(([name, value]) => {
			const isDropped =
				value === undefined || isHopByHop(name, headers) || identityHeaders.test(name) || name === 'origin' || name.startsWith('sec-');
			return isDropped ? [] : [[name, [value].flat().join(name === 'cookie' ? '; ' : ', ')]];
		}),
	);
}

export function headersToClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !isHopByHop(name, headers)));
}

function isHopByHop(name: string, {connection}: IncomingHttpHeaders): boolean {
	const connectionTokens = (connection ?? '')
		.toLowerCase()
		.split(',')
		.map(one => one.trim());
	return hopByHopHeaders.has(name) || connectionTokens.includes(name);
}
