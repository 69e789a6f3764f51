/** The text of a failure as an observation of leg 2. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import {explainMessage, type Explanation} from '../server-messages/explain-message.ts';
import {messageAuthor} from '../server-messages/message-author.ts';
import {parseStatus} from '../server-messages/unwrap-message.ts';
import type {Author, ConnectionPurpose, FailureFacts, Observation} from './evidence.ts';
import {makeObservation} from './probes/probe-request.ts';
import {authorsOfSource} from './rules/claims.ts';

export type FailedRequest = {
	purpose: ConnectionPurpose;
	/** `host:port` of all that the apiserver could dial; omitted if the node was not read. */
	kubeletAddresses?: readonly string[] | null;
};

/**
`undefined` if the text proves nothing. A proxied pod or service can send any text, so its text is no evidence of TLS. A far end can send
the apiserver's words: the apiserver relays unchanged a response that is not an upgrade, and the text at the end of a translated command.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go tryUpgrade
*/
export function failureObservation({
	error,
	connection,
	process,
	time,
	active = false,
	...request
}: FailedRequest & {
	error: Pick<ErrorObject, 'text' | 'leg'>;
	connection: string | null;
	process: string | null;
	time: string;
	active?: boolean;
}): Observation<FailureFacts> | undefined {
	const {purpose} = request;
	const explained = error.text === null ? null : explainedAs(error.text);
	if (!explained || explained.rule.leg !== 2 || (explained.wrapper === 'translated' && !['exec', 'attach'].includes(purpose.feature))) {
		return undefined;
	}

	const {rule, message, text} = explained;
	const isProxied = isOfWorkload(purpose);
	return makeObservation<FailureFacts>(
		'error-text',
		`the response to ${purpose.feature}`,
		{
			row: rule.id,
			text: message === '' ? text : message,
			leg: 2,
			tls: isProxied ? null : (rule.proves.tls ?? null),
			route: rule.proves.route ?? null,
			answered: !isProxied && rule.proves.farEndAnswered === true,
		},
		{process, connection, time, active, authors: textAuthors(text, request)},
	);
}

/** Who could have written the text of a failure. */
export function textAuthors(text: string, {purpose, kubeletAddresses = null}: FailedRequest): readonly Author[] {
	const {feature, target} = purpose;
	const {namespace, name, container} = target;
	const isLog = feature === 'logs' && target.kind === 'Pod' && namespace !== null && container !== null;
	const request = isLog ? {namespace, pod: name, container, addresses: kubeletAddresses} : null;
	if (messageAuthor(text, request) === 'apiserver') {
		return ['apiserver'];
	}

	return isOfWorkload(purpose) ? ['apiserver', 'workload'] : authorsOfSource['error-text'];
}

function isOfWorkload({feature, request}: ConnectionPurpose): boolean {
	return (
		feature === 'pod-proxy' || feature === 'service-proxy' || (feature === 'node-proxy' && request !== null && request.kubeletPort !== true)
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
