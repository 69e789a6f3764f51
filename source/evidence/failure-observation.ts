/** A failure's words as a reading: what they prove of the second leg, by the table of failures. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {explainMessage, type Explanation} from '../server-messages/explain-message.ts';
import {parseStatus} from '../server-messages/parse-status.ts';
import type {ConnectionPurpose, FailureFacts, Observation} from './evidence.ts';

/**
`undefined` for words that prove nothing. A pod or service behind the proxy can say anything, so its words are no proof; and what the apiserver
says of its own second leg is a Status: the same words as plain text are the kubelet's, or whoever stands in its place.
Who stands there can say a Status, too: an answer that is no upgrade is passed on as it came, and so are the words of a translated command's end. Only of a log
that was not had the apiserver says itself, with a 500, what it met: of whatever a kubelet answers it makes a Status of another code, or with words in front.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go tryUpgrade
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go
*/
export function failureObservation({
	error,
	purpose,
	connection,
	process,
	time,
	active = false,
}: {
	error: Pick<ErrorObject, 'text' | 'leg'>;
	purpose: ConnectionPurpose;
	connection: string | null;
	process: string | null;
	time: string;
	active?: boolean;
}): Observation<FailureFacts> | undefined {
	const explained = error.text === null ? null : explainedAs(error.text);
	if (!explained || explained.rule.leg !== 2 || (explained.wrapper === 'translated' && !['exec', 'attach'].includes(purpose.feature))) {
		return undefined;
	}

	const {rule: row, message: words, text} = explained;
	const couldBeTheApplication =
		['pod-proxy', 'service-proxy'].includes(purpose.feature) ||
		(purpose.feature === 'node-proxy' && purpose.request !== null && purpose.request.kubeletPort !== true);
	return {
		source: 'error-text',
		where: `the answer to ${purpose.feature}`,
		process,
		connection,
		time,
		active,
		facts: {
			row: row.id,
			text: words === '' ? text : words,
			leg: 2,
			tls: couldBeTheApplication ? null : (row.proves.tls ?? null),
			route: row.proves.route ?? null,
			answered: !couldBeTheApplication && row.proves.farEndAnswered === true,
			basis: couldBeTheApplication || !text.trimStart().startsWith('{') ? 'inferred' : 'proven',
			mayBeFromFarEnd: explained.wrapper !== 'log',
		},
	};
}

/** As words of a stream, or as an answer of one of the statuses that rows ask for: which one it was is not kept beside the words, where they do not say it themselves. */
function explainedAs(text: string): Explanation | null {
	const code = parseStatus(text)?.code;
	const statuses = typeof code === 'number' ? [code] : [500, 401, 403];
	for (const status of [undefined, ...statuses]) {
		const explained = explainMessage(text, status === undefined ? {} : {status});
		if (explained) {
			return explained;
		}
	}

	return null;
}
