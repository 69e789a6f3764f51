/** The text of a failure as an observation of leg 2. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {explainMessage, type Explanation} from '../server-messages/explain-message.ts';
import {parseStatus} from '../server-messages/parse-status.ts';
import type {ConnectionPurpose, FailureFacts, Observation} from './evidence.ts';
import {makeObservation} from './probes/probe-request.ts';

/**
`undefined` if the text proves nothing. A proxied pod or service can send any text, so its text is no evidence. The apiserver reports on its
own leg 2 with a Status; the same text without one is from the kubelet or an impostor. The far end can send a Status, too: the apiserver
relays unchanged a response that is not an upgrade, and the text at the end of a translated command. Only for a log that could not be read
does the apiserver itself report, with a 500; it turns any kubelet response into a Status of another code or with a prefix.
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

	const {rule, message, text} = explained;
	const couldBeTheApplication =
		['pod-proxy', 'service-proxy'].includes(purpose.feature) ||
		(purpose.feature === 'node-proxy' && purpose.request !== null && purpose.request.kubeletPort !== true);
	return makeObservation<FailureFacts>(
		'error-text',
		`the response to ${purpose.feature}`,
		{
			row: rule.id,
			text: message === '' ? text : message,
			leg: 2,
			tls: couldBeTheApplication ? null : (rule.proves.tls ?? null),
			route: rule.proves.route ?? null,
			answered: !couldBeTheApplication && rule.proves.farEndAnswered === true,
			basis: couldBeTheApplication || !text.trimStart().startsWith('{') ? 'inferred' : 'proven',
			mayBeFromFarEnd: explained.wrapper !== 'log',
		},
		{process, connection, time, active},
	);
}

/** The status is usually not recorded with the text, so try each status that rows require. */
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
