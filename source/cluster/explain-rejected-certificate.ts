/** Credentials that are not accepted: is it the client certificate's dates? The apiserver says one word for all of it. */
import type {IncomingHttpHeaders} from 'node:http';
import {type SpokeError} from '../errors/spoke-error.ts';
import {formatRfc3339Seconds} from '../text/format-rfc3339.ts';
import type {SocketFacts} from './connection.ts';

/** What tells of the connection's own certificate. */
export type PresentedOn = {facts: Pick<SocketFacts, 'shownDates'>};

/** The same error, with the date that stands against the certificate that was shown, where one does. */
export function explainRejectedCertificate(
	error: SpokeError,
	{headers, connection}: {headers: IncomingHttpHeaders; connection?: PresentedOn},
): SpokeError {
	const dates = connection?.facts.shownDates;
	if (!dates) {
		return error;
	}

	const {notBefore, notAfter} = dates;
	const now = theirNow(headers.date);
	if (now > notAfter) {
		return told(
			error,
			`your client certificate ended at ${formatRfc3339Seconds(notAfter)}`,
			'get a new client certificate for the user of this context: renew it, or log in again',
		);
	}

	return now < notBefore
		? told(
				error,
				`your client certificate begins only at ${formatRfc3339Seconds(notBefore)}`,
				'check the clocks of the apiserver and of whoever signed it, or wait until then',
			)
		: error;
}

/** The clock that judged, as the answer shows it; ours where it shows none. */
function theirNow(date: string | undefined): Date {
	const time = Date.parse(date ?? '');
	return Number.isNaN(time) ? new Date() : new Date(time);
}

function told(error: SpokeError, fact: string, remedy: string): SpokeError {
	return error.anew({message: `${error.message}; ${fact}`, remedy});
}
