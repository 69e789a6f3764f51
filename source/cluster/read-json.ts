/** An answer's object, or the error that the apiserver told instead. */
import {SpokeError} from '../errors/spoke-error.ts';
import {askedFor} from './asked-for.ts';
import type {Identity} from './can-i.ts';
import type {ApiResponse, RequestOptions} from './connection.ts';
import {refusal} from './refusal.ts';
import {readWhole} from './transport/exchange.ts';

/** A page of 5,000 whole pods is about 40 MiB. */
const largestJson = 256 * 1024 * 1024;

/** Enough of a refusal to tell what it says. */
const largestRefusal = 1024 * 1024;

/** `what` is who answered and `by` who asked, for messages. @throws SpokeError by `refusal` for any status but 2xx; ERR_PROTOCOL for what is no JSON object */
export async function readJson(answer: ApiResponse, {method = 'GET', path, maxBytes = largestJson}: Pick<RequestOptions, 'method' | 'path'> & {maxBytes?: number}, {what, by}: {what: string; by: Identity}): Promise<object> {
	if (answer.status < 200 || answer.status > 299) {
		throw refusal({...answer, body: (await readWhole(answer.body, largestRefusal, what)).toString('utf8')}, {...askedFor(method, path), by});
	}

	return objectOf((await readWhole(answer.body, maxBytes, what)).toString('utf8'), `the answer of ${what}`);
}

/** `what` is the text, for messages. @throws SpokeError ERR_PROTOCOL for what is no JSON, or JSON of something else than an object */
export function objectOf(text: string, what: string): object {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new SpokeError('ERR_PROTOCOL', `${what} is not JSON: ${(error as Error).message.split('\n', 1)[0]!}`, {cause: error});
	}

	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw new SpokeError('ERR_PROTOCOL', `${what} is no object of Kubernetes`);
	}

	return value;
}
