/** How does the body of an answer to a GET end? RFC 9112 §6.3; one to HEAD or to an upgrade has other ends. */
import type {ResponseHead} from './response-head.ts';
import {protocolError} from './protocol-error.ts';

/** After so many bytes, with its last chunk, or with its connection. */
export type BodyFraming = number | 'chunked' | 'until-close';

/** @throws SpokeError ERR_PROTOCOL for a transfer coding other than chunked, or a length that is none */
export function bodyFraming({status, headers}: Pick<ResponseHead, 'status' | 'headers'>): BodyFraming {
	if (status === 204 || status === 304) {
		return 0;
	}

	const coding = headers['transfer-encoding'];
	// It goes before a length that is said as well.
	if (coding !== undefined) {
		if (String(coding).toLowerCase() !== 'chunked') {
			throw protocolError(`an answer in the transfer coding ${String(coding)}`);
		}

		return 'chunked';
	}

	const length = headers['content-length'];
	return length === undefined ? 'until-close' : parseLength(length);
}

/** Two that differ are none (RFC 9110 §8.6); fifteen digits are all whole numbers. */
function parseLength(text: string | string[]): number {
	if (!/^\d{1,15}$/.test(String(text))) {
		throw protocolError(`${JSON.stringify(text)} is no length of a body`);
	}

	return Number(text);
}
