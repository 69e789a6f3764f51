/**
Texts of real servers, as recorded on Kubernetes 1.36.3 and Konnectivity 0.36, and what an adversary makes of them: the texts themselves,
mixtures, splices and mutations.
*/
import type {Choices} from './choices.ts';

/** Why an apiserver could not use its connection to a kubelet. */
export const refusals = [
	'tls: failed to verify certificate: x509: certificate signed by unknown authority',
	'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-12-02T09:00:00Z is after 2026-11-24T14:00:00Z',
	"tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.11 because it doesn't contain any IP SANs",
	'tls: failed to verify certificate: x509: certificate is valid for 10.0.0.99, not 10.0.0.11',
] as const;

const tunnelTexts = [
	'No agent available',
	'dial timeout, backstop',
	'proxy error from /etc/srv/konnectivity.sock while dialing 10.0.0.11:10250, code 502: 502 Bad Gateway',
	'proxy error from /etc/srv/konnectivity.sock while dialing 10.0.0.11:10250, code 500: 500 Internal Server Error',
	'proxy error from 10.0.0.9:8131 while dialing 10.0.0.11:10250, code 403: 403 Forbidden',
	'dial unix /etc/srv/konnectivity.sock: connect: connection refused',
	'context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix /k.sock: connect: connection refused"',
] as const;

const otherTexts = [
	'remote error: tls: internal error',
	'dial tcp 10.0.0.11:10250: connect: connection refused',
	'tls: first record does not look like a TLS handshake',
	'EOF',
	'Unauthorized',
	'Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy])',
	'container "main" in pod "web" is waiting to start: ContainerCreating',
	'pods "web" is forbidden: User "ada" cannot get resource "pods/log" in API group "" in the namespace "default"',
	'the server has asked for the client to provide credentials ( pods/log web)',
	'invalid upgrade response: status code 200',
	'x509: certificate signed by unknown authority',
] as const;

export const logUrl = 'https://10.0.0.11:10250/containerLogs/default/web/main';
export const execUrl = 'https://10.0.0.11:10250/exec/default/web/main?command=true&output=1';

/** What the apiserver puts around such a text. */
const wrappers: ReadonlyArray<(text: string) => string> = [
	text => text,
	text => `error dialing backend: ${text}`,
	text => `Get "${logUrl}?limitBytes=1&tailLines=1": ${text}`,
	text => `error sending request: Post "${execUrl}": ${text}`,
	text => `Internal error occurred: error sending request: Post "${execUrl}": ${text}`,
	text => `error trying to reach service: ${text}`,
	text => `unable to upgrade connection: error dialing backend: ${text}`,
	text => `Internal error occurred: ${text}`,
];

export function anyWords(choices: Choices): string {
	return choices.oneOf(choices.oneOf([refusals, tunnelTexts, otherTexts]));
}

/** Any text that an adversary may write: most often one that a server would have written. */
export function anyText(choices: Choices): string {
	const text = choices.oneOf(wrappers)(anyWords(choices));
	switch (choices.below(10)) {
		case 7: {
			const at = choices.below(text.length);
			return `${text.slice(0, at)}${choices.oneOf(['"', '\\', '": ', '\n', ' ', '%22', 'x509:', "'"])}${text.slice(at)}`;
		}

		case 8: {
			return `${text.slice(0, choices.below(text.length))}${choices.oneOf([...refusals, ...tunnelTexts])}`;
		}

		case 9: {
			return choices.oneOf(wrappers)(`${text}${choices.oneOf(['": ', '', ': '])}${choices.oneOf(refusals)}`);
		}

		default: {
			return text;
		}
	}
}

/** A URL that ends in the words of another error: Go's HTTP client quotes a redirect's location in its own error. */
export function anyLocation(choices: Choices): string {
	const words = anyWords(choices);
	const [start, quote] = choices.chance(60)
		? [logUrl, '?": ']
		: [
				choices.oneOf(['https://10.0.0.11:10250/', '/', 'https://10.0.0.12/containerLogs/default/web/main']),
				choices.oneOf(['": ', '?', '']),
			];
	return `${start}${quote}${words}`;
}
