/** Opens a stream's connection, which the observer can use first. */
import type {ClusterClient, Connection, UpgradeOptions, UpgradeResult} from '../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../base/errors/spoke-error.ts';
import type {ConnectionPurpose, ConnectionObserver} from './connection-observer.ts';
import {locateUnansweredUpgrade} from './locate-loss.ts';
import {SpeculativeConnection} from './preconnect.ts';
import {isStoppedByGate, passStreamGate} from './stream-gate.ts';
import {errorFromResponse, type ErrorResponseContext} from '../cluster/error-from-response.ts';
import {statusMessage} from '../cluster/server-messages/unwrap-message.ts';

export type Carrier = 'websocket' | 'spdy';

export type Upgraded = Extract<UpgradeResult, {upgraded: true}>;
export type RefusedUpgrade = Extract<UpgradeResult, {upgraded: false}>;

/** One attempt to open a stream. `protocol`: that was offered. */
export type CarrierAttempt = {carrier: Carrier; protocol: string; connection: Connection};

type CarrierStream<Stream> = {
	purpose: ConnectionPurpose;
	/** In order of preference. */
	upgrades: readonly UpgradeOptions[];
	beforeUpgrade?: (connection: Connection) => Promise<void>;
	opened: (upgraded: Upgraded, attempt: CarrierAttempt) => Stream;
	/** `refused`: `null` if a 101 accepted no protocol. */
	refusal: (refused: RefusedUpgrade | null, attempt: CarrierAttempt) => SpokeError;
};

/**
Opens a stream over the first carrier that is accepted: raw SPDY is for older servers, proxies and users with only `create`.
@throws SpokeError of the last carrier, with the first one's message in `text`; what no other carrier can help; the signal's reason
@see https://kep.k8s.io/4006
*/
export async function openOverCarriers<Stream>(
	cluster: ClusterClient,
	{purpose, upgrades, beforeUpgrade, opened, refusal}: CarrierStream<Stream>,
	{observer, signal}: {observer?: ConnectionObserver | undefined; signal?: AbortSignal | undefined},
): Promise<Stream> {
	const errors: SpokeError[] = [];
	for (const upgrade of upgrades) {
		const carrier = upgrade.upgrade === 'websocket' ? 'websocket' : 'spdy';
		const connection = await connectObserved(cluster, purpose, observer, {signal});
		const attempt = {carrier, protocol: upgrade.protocols[0]!, connection} as const;
		let outcome: UpgradeResult;
		try {
			await beforeUpgrade?.(connection);
			outcome = await connection.upgrade({...upgrade, ...(signal && {signal})});
		} catch (thrown) {
			connection.close();
			const error = await locateUnansweredUpgrade(cluster, purpose.target, toSpokeError(thrown), signal);
			reportNotOpened(observer, connection, purpose, {thrown: error, signal});
			if (error.code !== 'ERR_UPGRADE_REFUSED') {
				throw error;
			}

			errors.push(error);
			continue;
		}

		if (outcome.upgraded && outcome.protocol !== null) {
			observer?.onOpened?.(connection, purpose, {carrier, protocol: outcome.protocol});
			return opened(outcome, attempt);
		}

		const refused = outcome.upgraded ? null : outcome;
		const error = refusal(refused, attempt);
		connection.close();
		if (outcome.upgraded) {
			outcome.socket.destroy();
		}

		observer?.onFailed?.(connection, purpose, error);
		errors.push(error);
		if (refused && !shouldTryNextCarrier(refused)) {
			break;
		}
	}

	throw combineCarrierErrors(errors);
}

/**
After a timeout of the observer, the stream gets a new connection, which is not passed to `beforeUse`; if the response to a speculative
request cannot be used, one that is. The cluster's gate decides on the one that is returned.
@throws as `ClusterClient.connect`, and what the gate throws; never an error of the observer
*/
export async function connectObserved(
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	observer: ConnectionObserver | undefined,
	{signal, canShare = false}: {signal?: AbortSignal | undefined; canShare?: boolean | undefined} = {},
): Promise<Connection> {
	const options = {canShare, ...(signal && {signal})};
	let connection = await cluster.connect(options);
	const discard = () => {
		observer?.onClosed?.(connection, purpose);
		connection.close();
	};

	if (connection instanceof SpeculativeConnection) {
		connection.openReplacement = async () => {
			discard();
			return connectObserved(cluster, purpose, observer, options);
		};
	}

	try {
		await observer?.beforeUse?.(connection, purpose);
	} catch {
		// An observer never makes a stream fail.
	}

	if (!connection.usable) {
		discard();
		connection = await cluster.connect(options);
	}

	try {
		await passStreamGate(cluster, connection, purpose, signal);
		return connection;
	} catch (thrown) {
		discard();
		throw thrown;
	}
}

/** Reports an aborted stream as closed, not failed. One that the gate stopped was reported. */
export function reportNotOpened(
	observer: ConnectionObserver | undefined,
	attempted: Connection | null,
	purpose: ConnectionPurpose,
	{thrown, signal}: {thrown: unknown; signal: AbortSignal | undefined},
): void {
	const error = toSpokeError(thrown);
	if (isStoppedByGate(error)) {
		return;
	}

	const connection = attempted instanceof SpeculativeConnection && attempted.isAbandoned ? null : attempted;
	if (!signal?.aborted) {
		observer?.onFailed?.(connection, purpose, error);
	} else if (connection) {
		observer?.onClosed?.(connection, purpose);
	}
}

/** `prefix`: kubectl's, before the server's message. */
export function refusedUpgradeError(
	refused: RefusedUpgrade,
	{carrier, connection}: CarrierAttempt,
	prefix: string,
	context: Pick<ErrorResponseContext, 'resource' | 'namespace' | 'identity'>,
): SpokeError {
	return refused.body.trim() === ''
		? new SpokeError(
				'ERR_UPGRADE_REFUSED',
				`the server responded with ${refused.status} ${refused.statusText}, without a message, to the upgrade to ${carrier}`,
			)
		: refusedAsKubectl(errorFromResponse({...refused, connection}, {verb: carrier === 'websocket' ? 'get' : 'create', ...context}), prefix);
}

/**
Errors of the request (no permission, no such pod or container) are the same for every carrier. A failed upgrade, or a missing permission
for `get` only, can differ between carriers.
*/
function shouldTryNextCarrier(result: RefusedUpgrade): boolean {
	const message = statusMessage(result.body);
	if (message !== null) {
		return /cannot get resource "pods\/(?:exec|attach|portforward)"/.test(message) || message === 'Upgrade request required';
	}

	return !isKubeletRefusal(result);
}

/** The kubelet's plain-text 401 and 403, and the apiserver's `error dialing backend`: no carrier would succeed. */
function isKubeletRefusal({status, body, headers}: RefusedUpgrade): boolean {
	const text = body.trim();
	const isPlainText = (headers['content-type'] ?? '').startsWith('text/plain');
	return (
		(isPlainText && ((status === 401 && text === 'Unauthorized') || (status === 403 && text.startsWith('Forbidden (user=')))) ||
		text.startsWith('error dialing backend:')
	);
}

/** kubectl prints only `prefix`, not the Status. @see k8s.io/streaming pkg/httpstream/spdy/roundtripper.go */
export function refusedAsKubectl(error: SpokeError, prefix: string): SpokeError {
	return error.asKubectl === null
		? error
		: error.withChanges({asKubectl: error.asKubectl.replace(/^Error from server \(\w+\)/, `error: ${prefix}`), cause: error.cause});
}

/** The last error with the text of the first, which is about the preferred carrier. */
function combineCarrierErrors(refused: readonly SpokeError[]): SpokeError {
	const first = refused[0]!;
	const last = refused.findLast(({code}) => code !== 'ERR_UPGRADE_REFUSED') ?? first;
	if (first === last || first.text === null || first.text === last.text) {
		return last;
	}

	return last.withChanges({text: `${first.text}; over the other carrier: ${last.text ?? last.message}`, cause: first});
}
