/** What lying kubelets answer. */
import {kubeletAnswer} from './odd-nodes.ts';
import {namespace} from './users.ts';

const refused = 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';

/** What a kubelet answers so that the apiserver's own words seem to come from the apiserver. */
export const lies: Readonly<Record<string, (request: string) => string>> = {
	'a redirect whose address ends with the words of a refused certificate': request =>
		/insecureSkipTLSVerifyBackend|HEAD/.test(request) || hasAsked(request)
			? kubeletAnswer('200 OK', 'line\n')
			: redirect(request, `?": ${refused}: current time 2026-11-24T14:00:00Z is after 2026-01-01T00:00:00Z`),
	'a redirect whose address ends with the words of a tunnel': request =>
		redirect(request, '?": proxy error from 10.99.0.1:8132 while dialing 10.99.0.1:10250, code 502: refused'),
	'a status line that the TLS failure counter takes for a refused certificate': () => 'HTTP/1.1 x509: refused\r\n\r\n',
	'the apiserver’s Status for a refused certificate': () =>
		statusAnswer(`error dialing backend: ${refused}: current time 2026-11-24T14:00:00Z is after 2026-01-01T00:00:00Z`),
	'the plain text of a refused certificate': request =>
		kubeletAnswer('500 Internal Server Error', `Get "https://${hostOf(request)}/containerLogs/${namespace}/liar/c": ${refused}`),
};

/** Requests that a liar has seen, because an active probe reads the same log twice. */
const asked = new Set<string>();

/** Before the liars stand behind another apiserver. */
export function forgetRequests(): void {
	asked.clear();
}

function hasAsked(request: string): boolean {
	const line = request.split('\r\n', 1)[0]!;
	const wasAsked = asked.has(line);
	asked.add(line);
	return wasAsked;
}

const hostOf = (request: string): string => /^host: (\S+)/im.exec(request)?.[1] ?? '';

const redirect = (request: string, tail: string): string =>
	`HTTP/1.1 302 Found\r\nLocation: https://${hostOf(request)}/containerLogs/${namespace}/liar/c${tail}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

function statusAnswer(message: string): string {
	const body = JSON.stringify({kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500});
	return `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}
