/** What does a read on the side that fails prove of the stream beside it? */
import type {SpokeError} from '../../errors/spoke-error.ts';
import {explainFailure} from '../../failures/explain-failure.ts';
import {takeOffFrame} from '../../failures/take-off-frame.ts';

/** No answer, or nobody reached: refused and dropped dials, a tunnel without its end, a silent or broken handshake. Not a name that is not found: only a new dial asks for it. */
const unreached = /^(?:D[1-3]|[GH]\d|T[78])$/;
/** How Go says, in words of no row, that none came in time: of contexts, sockets, handshakes, answers, and HTTP/2's own pings. */
const unanswered = /(?:context deadline exceeded|timeout|Client\.Timeout exceeded[^:]*|http2: client connection lost)\)?$/;

/**
Whether the way to the kubelet, or the log at its end, is gone. Whoever is met and refuses only a new connection or request (a certificate that ran out, a right that was
taken, too many requests) says nothing of a stream that is open, nor does what is in no row: to give that up may lose lines.
*/
export function provesStalled({code, text}: Pick<SpokeError, 'code' | 'text'>): boolean {
	if (code !== 'ERR_SECOND_LEG') {
		// A stream whose pod or container is over should have ended.
		return code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_NOT_FOUND' || code === 'ERR_TARGET_GONE';
	}

	const row = explainFailure(text ?? '', {status: 500})?.row;
	if (row) {
		return unreached.test(row.id);
	}

	const {frame, words} = takeOffFrame(text?.trim() ?? '', [], {isStream: false, code: 500});
	return frame === 'log' && unanswered.test(words);
}
