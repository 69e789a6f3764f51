/** Which headers go on through a local listener, to the apiserver and back. */
import type {IncomingHttpHeaders, OutgoingHttpHeaders} from 'node:http';

/** Of one connection only (RFC 9110 section 7.6.1), or set by the connection to the apiserver itself. */
const ofOneConnection = new Set([
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

/** Who asks is decided here, by the kubeconfig. */
const identity = /^(?:authorization|impersonate-.*|x-remote-.*)$/;

/** To the apiserver. What the browser says of its own page is not the apiserver's business. */
export function headersToApiserver(headers: IncomingHttpHeaders): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).flatMap(([name, value]) => {
			const dropped =
				value === undefined || isOfOneConnection(name, headers) || identity.test(name) || name === 'origin' || name.startsWith('sec-');
			return dropped ? [] : [[name, [value].flat().join(name === 'cookie' ? '; ' : ', ')]];
		}),
	);
}

/** Back to the client. */
export function headersToClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfOneConnection(name, headers)));
}

function isOfOneConnection(name: string, {connection}: IncomingHttpHeaders): boolean {
	const named = (connection ?? '')
		.toLowerCase()
		.split(',')
		.map(one => one.trim());
	return ofOneConnection.has(name) || named.includes(name);
}
