/**
What an apiserver makes of a kubelet's response, as its code does it.
@see k8s.io/apiserver v0.36.3 pkg/registry/generic/rest/streamer.go, response_checker.go, pkg/util/proxy/streamtranslator.go
@see k8s.io/apimachinery v0.36.3 pkg/util/proxy/upgradeaware.go, pkg/api/errors/errors.go NewGenericServerResponse
@see Go net/http client.go (the location of a refused redirect becomes the URL of the error), transfer.go
*/
import type {KubeletAnswer} from './world.ts';

/** `refused`: the apiserver's own connection failed, with Go's words. */
export type BackendAnswer = KubeletAnswer | {kind: 'refused'; text: string};

export type ServerAnswer =
	| {status: number; headers?: Readonly<Record<string, string>>; body: string}
	/** `message`: on the error channel of a command; `null` if it succeeds. `output`: what the command prints first. */
	| {upgraded: true; message: string | null; output: string};

/** A log read. `isCounted`: the apiserver counts it as a failure of a certificate. */
export function relayedLog(answer: BackendAnswer, url: string): {answer: ServerAnswer; isCounted: boolean} {
	const error = goError(answer, 'Get', url);
	if (error !== null) {
		return {answer: statusAnswer(500, error), isCounted: error.includes('x509:')};
	}

	const {status, body} = answer as Extract<KubeletAnswer, {kind: 'response'}>;
	return {answer: status >= 200 && status <= 206 ? {status: 200, body} : checkedResponse(status, body), isCounted: false};
}

/** An upgrade that the apiserver passes on: port-forward, and exec where the node accepts WebSockets itself or the client speaks SPDY. */
export function relayedUpgrade(answer: BackendAnswer): ServerAnswer {
	switch (answer.kind) {
		case 'refused': {
			return statusAnswer(500, `error dialing backend: ${answer.text}`);
		}

		case 'malformed': {
			return statusAnswer(500, malformed(answer.line));
		}

		case 'closed': {
			return statusAnswer(500, 'unexpected EOF');
		}

		case 'upgraded': {
			return {upgraded: true, message: answer.error, output: ''};
		}

		case 'response': {
			const {status, body, contentType} = answer;
			return status < 400
				? statusAnswer(500, `invalid upgrade response: status code ${status}`)
				: {status, headers: {'content-type': contentType}, body};
		}
	}
}

/** A command over WebSocket that the apiserver translates: it answers 101 itself, and sends what failed on the error channel. */
export function translatedCommand(answer: BackendAnswer, url: string): ServerAnswer {
	const error = goError(answer, 'Post', url);
	if (error !== null) {
		return {upgraded: true, message: `Internal error occurred: error sending request: ${error}`, output: ''};
	}

	if (answer.kind === 'upgraded') {
		return {upgraded: true, message: answer.error, output: ''};
	}

	const {body} = answer as Extract<KubeletAnswer, {kind: 'response'}>;
	return {upgraded: true, message: `Internal error occurred: ${messageOf(body) ?? `unable to upgrade connection: ${body}`}`, output: ''};
}

/** A request to the proxy of a node, pod or service. */
export function relayedProxy(answer: BackendAnswer): ServerAnswer {
	switch (answer.kind) {
		case 'response': {
			return {status: answer.status, headers: {'content-type': answer.contentType}, body: answer.body};
		}

		case 'upgraded': {
			return {status: 200, body: ''};
		}

		case 'refused': {
			return statusAnswer(503, `error trying to reach service: ${answer.text}`, 'ServiceUnavailable');
		}

		default: {
			return statusAnswer(503, `error trying to reach service: ${transportError(answer)}`, 'ServiceUnavailable');
		}
	}
}

export function statusAnswer(code: number, message: string, reason?: string, details?: object): ServerAnswer {
	const body = {
		kind: 'Status',
		apiVersion: 'v1',
		metadata: {},
		status: 'Failure',
		message,
		...(reason && {reason}),
		...(details && {details}),
		code,
	};
	return {status: code, headers: {'content-type': 'application/json'}, body: JSON.stringify(body)};
}

/** The error of Go's HTTP client; `null` for a response. */
function goError(answer: BackendAnswer, method: 'Get' | 'Post', url: string): string | null {
	if (answer.kind === 'response') {
		return answer.location !== null && [301, 302, 303, 307, 308].includes(answer.status) && method === 'Get'
			? `${method} ${quoted(answer.location)}: redirects forbidden`
			: null;
	}

	return answer.kind === 'upgraded'
		? null
		: `${method} ${quoted(url)}: ${answer.kind === 'refused' ? answer.text : transportError(answer)}`;
}

function transportError(answer: Extract<KubeletAnswer, {kind: 'malformed' | 'closed'}>): string {
	return answer.kind === 'closed' ? 'EOF' : `net/http: HTTP/1.x transport connection broken: ${malformed(answer.line)}`;
}

function malformed(line: string): string {
	const [first = '', status = '', ...rest] = line.split('\n', 1)[0]!.split(' ');
	if (rest.length === 0 && status === '') {
		return `malformed HTTP response ${quoted(line)}`;
	}

	return /^\d{3}$/.test(status) ? `malformed HTTP version ${quoted(first)}` : `malformed HTTP status code ${quoted(status)}`;
}

/** A response to a log read other than 200. */
function checkedResponse(status: number, body: string): ServerAnswer {
	switch (status) {
		case 500: {
			return statusAnswer(500, `Internal error occurred: ${body}`, 'InternalError', {causes: [{message: body}]});
		}

		case 400: {
			return statusAnswer(400, body, 'BadRequest');
		}

		default: {
			const message = genericMessages[status] ?? `the server responded with the status code ${status} but did not return more information`;
			const said =
				status === 403
					? body
					: status >= 500 && !(status in genericMessages)
						? `an error on the server (${quoted(body)}) has prevented the request from succeeding`
						: message;
			return statusAnswer(status, `${said} ( pods/log web)`, 'Unknown', {name: 'web', kind: 'pods/log'});
		}
	}
}

const genericMessages: Readonly<Record<number, string>> = {
	401: 'the server has asked for the client to provide credentials',
	404: 'the server could not find the requested resource',
	503: 'the server is currently unable to handle the request',
};

/** The SPDY client takes a Status for the error itself. */
function messageOf(body: string): string | null {
	try {
		const parsed = JSON.parse(body) as {kind?: unknown; message?: unknown} | null;
		return parsed?.kind === 'Status' && typeof parsed.message === 'string' ? parsed.message : null;
	} catch {
		return null;
	}
}

/** Go's `%q`, for what a response can contain. */
function quoted(text: string): string {
	return JSON.stringify(text);
}
