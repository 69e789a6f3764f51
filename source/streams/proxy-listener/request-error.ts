/** Responses to requests that the apiserver did not answer. */
import type {Duplex} from 'node:stream';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ErrorCode} from '../../errors/error-table.ts';

export function clientDisconnectedError(): SpokeError {
	return new SpokeError('ERR_OUTPUT_CLOSED', 'the client disconnected before the response was complete');
}

/** 499 is nginx's status for a disconnected client. */
export function httpStatusForError({code}: SpokeError): number {
	return statuses[code] ?? 502;
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
	ERR_USAGE: 400,
	ERR_FORBIDDEN: 403,
	ERR_REQUIRE_NOT_MET: 403,
	ERR_REQUIRE_UNDECIDED: 403,
	ERR_NOT_FOUND: 404,
	ERR_OUTPUT_CLOSED: 499,
};

export function rejectUpgrade(client: Duplex, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
	client.end(
		`HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
}
