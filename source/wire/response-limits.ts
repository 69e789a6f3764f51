/** How long may what comes with an answer be, before it is given up? RFC 9110 §5.4 and §8.6 leave both bounds to the receiver. */
import {protocolError} from './protocol-error.ts';

const longestHead = 64 * 1024;

/** Interim responses (100, 103) before one answer; Go's client gives up after 5 without a limit of its own. */
const maxInterimResponses = 100;

/** @throws SpokeError ERR_PROTOCOL */
export function refuseMoreInterim(count: number): void {
	if (count > maxInterimResponses) {
		throw protocolError(`more than ${maxInterimResponses} interim responses before an answer`);
	}
}

/** Where `mark` stands from `at` on, behind a head or a line of one; -1 when it has not come. @throws SpokeError ERR_PROTOCOL when it is too far off */
export function endOfHead(bytes: Buffer, at: number, mark: Buffer | string): number {
	const end = bytes.indexOf(mark, at);
	refuseLongerHead((end === -1 ? bytes.length : end) - at);
	return end;
}

/** Of a head, a line of one, or all of a trailer. @throws SpokeError ERR_PROTOCOL */
export function refuseLongerHead(length: number): void {
	if (length > longestHead) {
		throw protocolError('an answer whose headers do not end');
	}
}

/** @throws SpokeError ERR_PROTOCOL */
export function assertMaxSize(size: number, largest: number): void {
	if (size > largest) {
		throw protocolError(`an answer larger than ${largest} bytes`);
	}
}
