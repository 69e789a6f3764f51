/** Opens exec or attach over the first accepted carrier. */
import process from 'node:process';
import type {ClusterClient, ClusterInfo, Connection, UpgradeOptions} from '../../cluster/cluster-client.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../cluster/server-messages/explain-message.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PingOptions} from '../../wire/pings.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import {WebSocketMessages} from '../../wire/websocket-messages.ts';
import {type CarrierAttempt, openOverCarriers, type RefusedUpgrade, refusedUpgradeError, type Upgraded} from '../observed-connection.ts';
import type {ConnectionObserver, ConnectionPurpose} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {locateStreamLoss} from '../locate-loss.ts';
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

type CommandContext = CarrierAttempt & {
	cluster: ClusterClient;
	request: CommandRequest;
	purpose: ConnectionPurpose;
	options: RemoteCommandOptions;
};

/** @throws SpokeError as `openOverCarriers`; ERR_UPGRADE_REFUSED without a Status; ERR_APISERVER_TIMEOUT without a response in 35 s */
export async function openRemoteCommand(
	cluster: ClusterClient,
	request: CommandRequest,
	options: RemoteCommandOptions = {},
): Promise<RemoteCommand> {
	const {observer, environment = process.env} = options;
	const purpose: ConnectionPurpose = {feature: request.feature, target: request.target, request: null};
	return openOverCarriers(
		cluster,
		{
			purpose,
			upgrades: commandUpgrades(request, environment),
			opened(upgraded, attempt) {
				const context = {...attempt, cluster, request, purpose, options};
				return remoteCommand(context, createChannels(upgraded, context));
			},
			refusal(refused, attempt) {
				const error = refused
					? commandRefusal(refused, request, attempt, cluster.facts)
					: new SpokeError('ERR_UPGRADE_REFUSED', `the server accepted no version of the channels (offered: ${attempt.protocol})`);
				reportFarEnd(observer, attempt.connection, purpose, error);
				return error;
			},
		},
		options,
	);
}

/** The kubelet relays the runtime's message. */
function reportFarEnd(
	observer: ConnectionObserver | undefined,
	connection: Connection,
	purpose: ConnectionPurpose,
	error: SpokeError,
): void {
	if (error.leg === 3) {
		observer?.onFarEndAnswered?.(connection, purpose);
	}
}

function commandRefusal(
	refused: RefusedUpgrade,
	{feature, target}: CommandRequest,
	attempt: CarrierAttempt,
	identity: ClusterInfo,
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
		refusedUpgradeError(refused, attempt, 'unable to upgrade connection', {
			resource: `pods/${feature}`,
			namespace: target.namespace,
			identity,
		})
	);
}

function createChannels(
	{socket}: Upgraded,
	{request: {stdin, tty}, carrier, protocol, connection, purpose, options}: CommandContext,
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
	{cluster, request, purpose, connection, carrier, options: {observer, onWaiting}}: CommandContext,
	channels: CommandChannels,
): RemoteCommand {
	const {stdin, stdout, stderr} = channels;
	let closed = false;
	let isReported = false;
	const reportEnd = (error: SpokeError | null) => {
		if (!isReported) {
			isReported = true;
			if (error) {
				reportFarEnd(observer, connection, purpose, error);
				observer?.onFailed?.(connection, purpose, error);
			}

			observer?.onClosed?.(connection, purpose);
		}
	};

	// After a 101, the apiserver may still be connecting to the kubelet, without a timeout.
	const unstartedCheck = carrier === 'websocket' ? detectUnstartedCommand(cluster, request.target, channels) : null;
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

/** WebSocket v4 cannot end stdin. `KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` leaves only SPDY, as in kubectl before 1.38. */
function commandUpgrades(request: CommandRequest, environment: NodeJS.ProcessEnv): readonly UpgradeOptions[] {
	const path = commandPath(request);
	const websocket = {method: 'GET', path, upgrade: 'websocket'} as const;
	const spdyV4 = {method: 'POST', path, upgrade: 'SPDY/3.1', protocols: ['v4.channel.k8s.io']} as const;
	if (environment['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] === 'false') {
		return [spdyV4];
	}

	const canEndStdin = [{...websocket, protocols: ['v5.channel.k8s.io']}, spdyV4];
	return request.stdin && !request.tty ? canEndStdin : [...canEndStdin, {...websocket, protocols: ['v4.channel.k8s.io']}];
}
