/** Opens exec or attach over the first accepted carrier. */
import process from 'node:process';
import type {ClusterClient, ClusterInfo, Connection, UpgradeResult} from '../../cluster/cluster-client.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../cluster/server-messages/explain-message.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PingOptions} from '../../wire/pings.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import {WebSocketMessages} from '../../wire/websocket-messages.ts';
import {
	combineCarrierErrors,
	refusedUpgradeError,
	shouldTryNextCarrier,
	type RefusedUpgrade,
	connectObserved,
	reportNotOpened,
} from '../observed-connection.ts';
import type {ConnectionObserver, ConnectionPurpose} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {locateStreamLoss, locateUnansweredUpgrade} from '../locate-loss.ts';
import {
	type CommandChannels,
	pingIntervalMs,
	type RoundTripListener,
	silenceTimeoutMs,
	containerErrorFrom,
	exitStatusFrom,
} from './command-channels.ts';
import {detectSilentEnd, detectUnstartedCommand} from './silence-watch.ts';
import {SpdyChannels} from './spdy-channels.ts';
import {WebSocketChannels} from './websocket-channels.ts';

type RemoteCommandOptions = {
	observer?: ConnectionObserver;
	signal?: AbortSignal;
	environment?: NodeJS.ProcessEnv;
	/** Receives one line about a command that may wait or have ended. */
	onWaiting?: (notice: string) => void;
	/** Default 10 s. */
	pings?: PingOptions;
};

export type RemoteCommand = Pick<CommandChannels, 'stdin' | 'stdout' | 'stderr' | 'resize'> & {
	readonly connection: Connection;
	/**
	The outputs may still have unread data, also after a rejection. `'closed'` after `close()`. @throws SpokeError unless the command itself
	ended
	*/
	readonly outcome: Promise<number | 'closed'>;
	/** The command may continue: containerd does not signal the end (measured). */
	close(): void;
};

/** Upgrades that open a remote command, one per carrier and channel version. */
type CommandUpgrade = {
	carrier: 'websocket' | 'spdy';
	method: 'GET' | 'POST';
	/** `Upgrade` of the request. */
	header: 'websocket' | 'SPDY/3.1';
	protocol: string;
};

const websocketV5: CommandUpgrade = {carrier: 'websocket', method: 'GET', header: 'websocket', protocol: 'v5.channel.k8s.io'};
const spdyV4: CommandUpgrade = {carrier: 'spdy', method: 'POST', header: 'SPDY/3.1', protocol: 'v4.channel.k8s.io'};
const websocketV4: CommandUpgrade = {...websocketV5, protocol: 'v4.channel.k8s.io'};

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
	for (const upgrade of commandUpgrades(request, options.environment ?? process.env)) {
		const attempt = await tryUpgrade(cluster, request, upgrade, purpose, options);
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

type UpgradeContext = {
	cluster: ClusterClient;
	request: CommandRequest;
	upgrade: CommandUpgrade;
	purpose: ConnectionPurpose;
	connection: Connection;
	options: RemoteCommandOptions;
};

type Upgraded = Extract<UpgradeResult, {upgraded: true}>;

/** @throws SpokeError if another carrier cannot help; the signal's reason */
async function tryUpgrade(
	cluster: ClusterClient,
	request: CommandRequest,
	upgrade: CommandUpgrade,
	purpose: ConnectionPurpose,
	options: RemoteCommandOptions,
): Promise<Attempt> {
	const {observer, signal} = options;
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	let outcome: UpgradeResult;
	try {
		outcome = await connection.upgrade({
			method: upgrade.method,
			path: commandPath(request),
			upgrade: upgrade.header,
			protocols: [upgrade.protocol],
			...(signal && {signal}),
		});
	} catch (thrown) {
		connection.close();
		const error = await locateUnansweredUpgrade(cluster, request.target, toSpokeError(thrown), signal);
		reportNotOpened(observer, connection, purpose, {thrown: error, signal});
		if (error.code === 'ERR_UPGRADE_REFUSED') {
			return {error, shouldTryNext: true};
		}

		throw error;
	}

	const context = {cluster, request, upgrade, purpose, connection, options};
	return outcome.upgraded && outcome.protocol !== null ? {command: createCommand(outcome, context)} : refusedAttempt(outcome, context);
}

function createCommand(outcome: Upgraded, context: UpgradeContext): RemoteCommand {
	const {
		upgrade,
		purpose,
		connection,
		options: {observer},
	} = context;
	observer?.onOpened?.(connection, purpose, {carrier: upgrade.carrier, protocol: outcome.protocol});
	const channels = createChannels(outcome, context);
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
	{cluster, request, upgrade, purpose, connection, options: {observer}}: UpgradeContext,
): Attempt {
	const error = outcome.upgraded
		? new SpokeError('ERR_UPGRADE_REFUSED', `the server accepted no version of the channels (offered: ${upgrade.protocol})`)
		: commandRefusal({...outcome, connection}, request, upgrade.carrier, cluster.facts);
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

function commandRefusal(
	refused: RefusedUpgrade & {connection: Connection},
	{feature, target}: CommandRequest,
	carrier: CommandUpgrade['carrier'],
	clientInfo: ClusterInfo,
): SpokeError {
	const message = refused.body.trim();
	const explained = message === '' ? null : explainMessage(refused.body, {status: refused.status});
	if (explained?.rule.leg === 2) {
		return errorFromExplanation(explained);
	}

	// A relayed kubelet response is plain text; a Status is the apiserver's or a webhook's.
	const isRelayed = message !== '' && refused.status >= 500 && statusMessage(refused.body) === null;
	return (
		(isRelayed ? containerErrorFrom(message, `error: unable to upgrade connection: ${message}`) : null) ??
		refusedUpgradeError(refused, carrier, 'unable to upgrade connection', {
			resource: `pods/${feature}`,
			namespace: target.namespace,
			identity: clientInfo,
		})
	);
}

function createChannels(
	{socket}: Upgraded,
	{request: {stdin, tty}, upgrade: {carrier, protocol}, connection, purpose, options}: UpgradeContext,
): CommandChannels {
	const {observer, onWaiting, pings: {intervalMs, clock} = {intervalMs: pingIntervalMs}} = options;
	const clockOption = clock && {clock};
	const listeners: {onRoundTrip: RoundTripListener; onPingOverdue: RoundTripListener} = {
		onRoundTrip: times => observer?.onRoundTrip?.(connection, times),
		onPingOverdue: waited => observer?.onPingOverdue?.(connection, waited),
	};
	if (carrier === 'spdy') {
		const session = new SpdySession(socket, {pingIntervalMs: intervalMs, silenceMs: silenceTimeoutMs, ...clockOption});
		return new SpdyChannels(session, {stdin, tty, ...listeners});
	}

	return new WebSocketChannels(new WebSocketMessages(socket, clockOption), {
		stdin,
		tty,
		canEndStdin: protocol.startsWith('v5.'),
		timing: {pingIntervalMs: intervalMs, silenceTimeoutMs},
		...listeners,
		onFarEndAnswered: () => observer?.onFarEndAnswered?.(connection, purpose),
		onNotice: onWaiting,
	});
}

function remoteCommand(
	{cluster, request, connection, upgrade, options: {onWaiting}}: UpgradeContext,
	channels: CommandChannels,
	onEnded: (error: SpokeError | null) => void,
): RemoteCommand {
	const {stdin, stdout, stderr} = channels;
	let closed = false;
	let isReported = false;
	const reportEnd = (error: SpokeError | null) => {
		if (!isReported) {
			isReported = true;
			onEnded(error);
		}
	};

	// After a 101, the apiserver may still be connecting to the kubelet, without a timeout.
	const unstartedCheck = upgrade.carrier === 'websocket' ? detectUnstartedCommand(cluster, request.target, channels) : null;
	// Silence is normal for a terminal.
	const silentEnd = stdin && !request.tty ? detectSilentEnd(channels, onWaiting) : null;
	const outcome = (async () => {
		try {
			const result = await Promise.race([channels.ended, ...(unstartedCheck ? [unstartedCheck.failed] : [])]);
			const exitStatus = closed ? 'closed' : exitStatusFrom(result);
			reportEnd(null);
			return exitStatus;
		} catch (thrown) {
			const error = await locateStreamLoss(cluster, toSpokeError(thrown));
			reportEnd(error);
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
			// The other side may take long to close, but nothing more is carried.
			reportEnd(null);
		},
	};
}

export type CommandRequest = {
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

/**
SPDY is for users with only `create`, clusters before 1.30 and proxies that strip WebSockets. WebSocket v4 cannot end stdin.
`KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` leaves only SPDY, as in kubectl before 1.38.
*/
function commandUpgrades({stdin, tty}: {stdin: boolean; tty: boolean}, environment: NodeJS.ProcessEnv): readonly CommandUpgrade[] {
	if (environment['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] === 'false') {
		return [spdyV4];
	}

	return stdin && !tty ? [websocketV5, spdyV4] : [websocketV5, spdyV4, websocketV4];
}
