/** What an apiserver's answer other than 2xx means, and who said it: the apiserver to us, or the kubelet to the apiserver. */
import type {IncomingHttpHeaders} from 'node:http';
import type {ErrorCode} from '../errors/error-rows.ts';
import {SpokeError, type SpokeErrorOptions} from '../errors/spoke-error.ts';

export type RefusedAnswer = {status: number; body: string; headers: IncomingHttpHeaders};

/** What was asked, for messages: verb and resource as RBAC names them (`create`, `pods/exec`). */
export type RefusalContext = {verb?: string; resource?: string};

/** A `metav1.Status`, as far as it is one. */
type Status = {message: string; reason: string; details: {kind: string; name: string}};

/** Never throws; the apiserver's own words are kept in `text`. */
export function refusal({status, body, headers}: RefusedAnswer, context: RefusalContext = {}): SpokeError {
	const told = readStatus(body);
	const text = told?.message || body.trim() || `HTTP ${status}`;
	const asked = context.verb && context.resource ? `${context.verb} ${context.resource}` : null;
	const kubelet = saidByKubelet(status, told, headers, body);
	if (kubelet) {
		return make('ERR_SECOND_LEG', kubelet.message, text, {remedy: kubelet.remedy});
	}

	switch (status) {
		case 401: {
			return make('ERR_CREDENTIALS', 'the apiserver does not accept these credentials', text);
		}

		case 403: {
			return make('ERR_FORBIDDEN', forbidden(text, asked), text, asked ? {remedy: `kubectl auth can-i ${asked}`} : {});
		}

		case 404: {
			return make('ERR_NOT_FOUND', oneLine(text), text);
		}

		default: {
			return status >= 300 && status < 400
				? make('ERR_APISERVER_ANSWER', `the apiserver redirects to ${headers.location ?? 'nowhere'}; redirects are not followed`, text, {remedy: 'check the server URL, or log in again'})
				: make('ERR_APISERVER_ANSWER', `the apiserver answered ${status}: ${oneLine(text)}`, text);
		}
	}
}

/**
The apiserver passes on what its own kubelet connection told it. Measured on 1.36: a 401 or 403 in plain text, or a Status whose
`details.kind` is `pods/log`, comes from the kubelet and is about the apiserver's identity, never about the user's.
*/
function saidByKubelet(status: number, told: Status | null, headers: IncomingHttpHeaders, body: string): {message: string; remedy: string} | null {
	const plain = (headers['content-type'] ?? '').startsWith('text/plain') && body.trim() !== '' && told === null;
	if ((status !== 401 && status !== 403) || !(plain || told?.details.kind === 'pods/log')) {
		return null;
	}

	return status === 401
		? {message: 'the kubelet does not accept the apiserver’s client certificate', remedy: 'check --kubelet-client-certificate of the apiserver and the kubelet’s --client-ca-file; your own credentials are fine'}
		: {message: `the kubelet refuses the apiserver: ${oneLine(told?.message ?? body)}`, remedy: 'bind the apiserver’s user to the ClusterRole system:kubelet-api-admin; your own rights are fine'};
}

function forbidden(text: string, asked: string | null): string {
	// Since 1.35 a missing `create` shows as an empty reason behind the colon.
	const cut = /is forbidden: *$/.test(text) ? `${oneLine(text)} (create is needed as well as get since Kubernetes 1.35)` : oneLine(text);
	return asked && !text.includes('cannot') ? `not allowed to ${asked}: ${cut}` : cut;
}

function readStatus(body: string): Status | null {
	try {
		const parsed = JSON.parse(body) as Partial<Status> & {kind?: unknown} | null;
		if (parsed === null || typeof parsed !== 'object' || parsed.kind !== 'Status') {
			return null;
		}

		const {details} = parsed;
		return {message: asText(parsed.message), reason: asText(parsed.reason), details: {kind: asText(details?.kind), name: asText(details?.name)}};
	} catch {
		return null;
	}
}

function asText(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

function make(code: ErrorCode, message: string, text: string, options: SpokeErrorOptions = {}): SpokeError {
	return new SpokeError(code, message, {text, ...options});
}

function oneLine(text: string): string {
	return text.trim().replaceAll(/\s*\n\s*/g, ' ').slice(0, 1000);
}
