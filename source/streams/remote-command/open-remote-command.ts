/** Opens exec or attach over the first accepted carrier. */
import {randomUUID} from 'node:crypto';
import process from 'node:process';
import type {ClusterClient, ClusterInfo} from '../../cluster/cluster-client.ts';
import type {Connection, UpgradeResult} from '../../cluster/connection.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../server-messages/explain-message.ts';
import {statusMessage} from '../../server-messages/parse-status.ts';
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {PingOptions} from '../../wire/pong-tracker.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import {WebSocketMessages} from '../../wire/websocket-messages.ts';
import {combineCarrierErrors, refusedAsKubectl} from '../combine-carrier-errors.ts';
import type {ConnectionObserver, ConnectionPurpose, ResolvedTarget} from '../connection-observer.ts';
import {locateStreamLoss} from '../locate-loss.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import {type CommandCarrier, commandCarriers, shouldTryNextCarrier} from './command-carriers.ts';
import {type CommandChannels, pingIntervalMs, type RoundTripListener, silenceTimeoutMs} from './command-channels.ts';
import {containerErrorFrom, exitStatusFrom} from './command-result.ts';
import {detectSilentEnd} from './silence-watch.ts';
import {detectUnstartedCommand} from './detect-unstarted-command.ts';
import {SpdyChannels} from './spdy-channels.ts';
import {WebSocketChannels} from './websocket-channels.ts';

export type RemoteCommandOptions = {
	observer?: ConnectionObserver;
	signal?: AbortSignal;
	environment?: NodeJS.ProcessEnv;
	/** Receives one line about a command that may wait or have ended. */
	onWaiting?: (notice: string) => void;
	/** Default 10 s. */
	pings?: PingOptions;
	/** If given, each request has an audit id of its own. */
	onUpgradeAttempt?: (attempt: UpgradeAttempt) => void;
};

export type UpgradeAttempt = {
	carrier: CommandCarrier['carrier'];
	/** `null` without a response. */
	status: number | null;
	/**
	The apiserver audits a request under the id that the client sends. The response of a kubelet, which it relays, names none.
	@see k8s.io/apiserver pkg/endpoints/filters/audit_init.go
	*/
	auditId: {sent: string; answered: string | null};
};

export type RemoteCommand = Pick<CommandChannels, 'stdin' | 'stdout' | 'stderr' | 'resize'> & {
	readonly connection: Connection;
	readonly carrier: CommandCarrier;
	/**
	The outputs may still have unread data, also after a rejection. `'closed'` after `close()`. @throws SpokeError unless the command itself
	ended
	*/
	readonly outcome: Promise<number | 'closed'>;
	/** The command may continue: containerd does not signal the end (measured). */
	close(): void;
};

/**
@throws SpokeError ERR_FORBIDDEN, ERR_NOT_FOUND, ERR_SECOND_LEG… of the last carrier, with the first one's message in `text`;
ERR_UPGRADE_REFUSED without a Status; ERR_APISERVER_TIMEOUT without a response in 35 s
*/
export async function openRemoteCommand(
	cluster: ClusterClient,
	request: CommandRequest,
	options: RemoteCommandOptions = {},
): Promise<RemoteCommand> {
	const purpose: ConnectionPurpose = {feature: request.feature, target: request.target, request: null};
	const errors: SpokeError[] = [];
	for (const carrier of commandCarriers(request, options.environment ?? process.env)) {
		const attempt = await tryCarrier(cluster, request, carrier, purpose, options);
		if ('command' in attempt) {
			return attempt.command;
		}

		errors.push(attempt.error);
		if (!attempt.shouldTryNext) {
			break;
		}
	}

	throw combineCarrierErrors(errors);
}

type Attempt = {command: RemoteCommand} | {error: SpokeError; shouldTryNext: boolean};

type CarrierContext = {
	cluster: ClusterClient;
	request: CommandRequest;
	carrier: CommandCarrier;
	purpose: ConnectionPurpose;
	connection: Connection;
	options: RemoteCommandOptions;
};

type Upgraded = Extract<UpgradeResult, {upgraded: true}>;

/** @throws SpokeError if another carrier cannot help; the signal's reason */
async function tryCarrier(
	cluster: ClusterClient,
	request: CommandRequest,
	carrier: CommandCarrier,
	purpose: ConnectionPurpose,
	options: RemoteCommandOptions,
): Promise<Attempt> {
	const {observer, signal, onUpgradeAttempt} = options;
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	const auditId = onUpgradeAttempt && randomUUID();
	const reportAttempt = (answer: UpgradeResult | null) => {
		if (auditId !== undefined) {
			const answered = answer?.headers['audit-id'];
			onUpgradeAttempt?.({
				carrier: carrier.carrier,
				status: answer === null ? null : answer.upgraded ? 101 : answer.status,
				auditId: {sent: auditId, answered: typeof answered === 'string' ? answered : null},
			});
		}
	};

	let outcome: UpgradeResult;
	try {
		outcome = await connection.upgrade({
			method: carrier.method,
			path: commandPath(request),
			upgrade: carrier.upgrade,
			protocols: [carrier.protocol],
			...(auditId !== undefined && {headers: {'Audit-ID': auditId}}),
			...(signal && {signal}),
		});
		reportAttempt(outcome);
	} catch (thrown) {
		reportAttempt(null);
		connection.close();
		const error = toSpokeError(thrown);
		reportNotOpened(observer, connection, purpose, {thrown, signal});
		if (error.code === 'ERR_UPGRADE_REFUSED') {
			return {error, shouldTryNext: true};
		}

		throw error;
	}

	const context = {cluster, request, carrier, purpose, connection, options};
	return outcome.upgraded && outcome.protocol !== null ? {command: createCommand(outcome, context)} : refusedAttempt(outcome, context);
}

function createCommand(outcome: Upgraded, context: CarrierContext): RemoteCommand {
	const {
		carrier,
		purpose,
		connection,
		options: {observer, onWaiting, pings = {intervalMs: pingIntervalMs}},
	} = context;
	observer?.onOpened?.(connection, purpose, {carrier: carrier.carrier, protocol: outcome.protocol});
	const channels = createChannels(outcome, context, pings, {
		onRoundTrip(times) {
			observer?.onRoundTrip?.(connection, times);
		},
		onPingOverdue(waited) {
			observer?.onPingOverdue?.(connection, waited);
		},
		onFarEndAnswered() {
			observer?.onFarEndAnswered?.(connection, purpose);
		},
		onNotice: onWaiting,
	});
	return remoteCommand(context, channels, error => {
		if (error) {
			reportFailure(observer, {connection, purpose, error});
		}

		observer?.onClosed?.(connection, purpose);
	});
}

/** The result of a refused upgrade, or of a 101 without an accepted channel version. */
function refusedAttempt(
	outcome: UpgradeResult,
	{cluster, request, carrier, purpose, connection, options: {observer}}: CarrierContext,
): Attempt {
	const error = outcome.upgraded
		? new SpokeError('ERR_UPGRADE_REFUSED', `the server accepted no version of the channels (offered: ${carrier.protocol})`)
		: refusedUpgrade({...outcome, connection}, request, carrier, cluster.facts);
	connection.close();
	reportFailure(observer, {connection, purpose, error});
	if (outcome.upgraded) {
		outcome.socket.destroy();
	}

	return {error, shouldTryNext: outcome.upgraded || shouldTryNextCarrier(outcome)};
}

function reportFailure(
	observer: ConnectionObserver | undefined,
	{
		connection,
		purpose,
		error,
	}: {
		connection: Connection;
		purpose: ConnectionPurpose;
		error: SpokeError;
	},
): void {
	if (error.leg === 3) {
		// The kubelet relays the runtime's message.
		observer?.onFarEndAnswered?.(connection, purpose);
	}

	observer?.onFailed?.(connection, purpose, error);
}

function refusedUpgrade(
	outcome: Extract<UpgradeResult, {upgraded: false}> & {connection: Connection},
	{feature, target}: CommandRequest,
	{method, carrier}: CommandCarrier,
	clientInfo: ClusterInfo,
): SpokeError {
	if (outcome.body.trim() === '') {
		return new SpokeError(
			'ERR_UPGRADE_REFUSED',
			`the server responded with ${outcome.status} ${outcome.statusText}, without a message, to the upgrade to ${carrier}`,
		);
	}

	const explained = explainMessage(outcome.body, {status: outcome.status});
	if (explained?.rule.leg === 2) {
		return errorFromExplanation(explained);
	}

	// A relayed kubelet response is plain text; a Status is the apiserver's or a webhook's.
	const container = outcome.status >= 500 && statusMessage(outcome.body) === null ? containerErrorFrom(outcome.body.trim()) : null;
	return (
		container ??
		refusedAsKubectl(
			errorFromResponse(outcome, {
				verb: method === 'GET' ? 'get' : 'create',
				resource: `pods/${feature}`,
				namespace: target.namespace,
				identity: clientInfo,
			}),
			'unable to upgrade connection',
		)
	);
}

type Listeners = {
	onRoundTrip: RoundTripListener;
	onPingOverdue: RoundTripListener;
	onFarEndAnswered: () => void;
	onNotice: ((notice: string) => void) | undefined;
};

function createChannels(
	{socket}: Upgraded,
	{request: {stdin, tty}, carrier: {carrier, protocol}}: CarrierContext,
	{intervalMs, clock}: PingOptions,
	listeners: Listeners,
): CommandChannels {
	const clockOption = clock && {clock};
	if (carrier === 'websocket') {
		return new WebSocketChannels(new WebSocketMessages(socket, clockOption), {
			stdin,
			tty,
			canEndStdin: protocol.startsWith('v5.'),
			timing: {pingIntervalMs: intervalMs, silenceTimeoutMs},
			...listeners,
		});
	}

	return new SpdyChannels(new SpdySession(socket, {pingIntervalMs: intervalMs, silenceMs: silenceTimeoutMs, ...clockOption}), {
		stdin,
		tty,
		onRoundTrip: listeners.onRoundTrip,
		onPingOverdue: listeners.onPingOverdue,
	});
}

function remoteCommand(
	{cluster, request, connection, carrier, options: {onWaiting}}: CarrierContext,
	channels: CommandChannels,
	onEnded: (error: SpokeError | null) => void,
): RemoteCommand {
	const {stdin, stdout, stderr} = channels;
	let closed = false;
	// After a 101, the apiserver may still be connecting to the kubelet, without a timeout.
	const unstartedCheck = carrier.carrier === 'websocket' ? detectUnstartedCommand(cluster, request.target, channels) : null;
	// Silence is normal for a terminal.
	const silentEnd = stdin && !request.tty ? detectSilentEnd(channels, onWaiting) : null;
	const outcome = (async () => {
		try {
			const result = await Promise.race([channels.ended, ...(unstartedCheck ? [unstartedCheck.failed] : [])]);
			const exitStatus = closed ? 'closed' : exitStatusFrom(result);
			onEnded(null);
			return exitStatus;
		} catch (thrown) {
			const error = await locateStreamLoss(cluster, toSpokeError(thrown));
			onEnded(error);
			throw error;
		} finally {
			unstartedCheck?.stop();
			silentEnd?.stop();
			channels.close();
		}
	})();
	outcome.catch(() => {});
	return {
		connection,
		carrier,
		stdin,
		stdout,
		stderr,
		outcome,
		resize(size) {
			channels.resize(size);
		},
		close() {
			closed = true;
			channels.close();
		},
	};
}

type CommandRequest = {
	feature: 'exec' | 'attach';
	/** The target, including its container. */
	target: ResolvedTarget;
	/** Exec only; without a shell. */
	command: readonly string[];
	stdin: boolean;
	tty: boolean;
};

/** @see k8s.io/api/core/v1 PodExecOptions, PodAttachOptions */
function commandPath({feature, target, command, stdin, tty}: CommandRequest): string {
	const query = new URLSearchParams();
	if (target.container !== null) {
		query.append('container', target.container);
	}

	for (const argument of feature === 'exec' ? command : []) {
		query.append('command', argument);
	}

	for (const [name, isSet] of Object.entries({stdin, stdout: true, stderr: !tty, tty})) {
		if (isSet) {
			query.append(name, 'true');
		}
	}

	return `${objectPath(podResource, target.namespace ?? 'default', target.name, feature)}?${query}`;
}
