/** The text of a failure as an observation of leg 2, by the table of failures. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {explainMessage, type Explanation} from '../server-messages/explain-message.ts';
import {parseStatus} from '../server-messages/parse-status.ts';
import type {ConnectionPurpose, FailureFacts, Observation} from './evidence.ts';

/**
`undefined` if the text proves nothing. A pod or service of the proxy can send any text, so its text is no evidence. The apiserver
reports on its own leg 2 with a Status: the same text without one is from the kubelet or an impostor. The far end can send a Status,
too: a response that is not an upgrade is relayed unchanged, and so is the text at the end of a translated command. Only for a log that
could not be read does the apiserver itself report, with a 500; it turns any response of a kubelet into a Status of another code or with
a prefix.
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

/**
Tries the text as stream text, and with each status that rows ask for: the status is not recorded with the text, unless the text has it.
*/
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
