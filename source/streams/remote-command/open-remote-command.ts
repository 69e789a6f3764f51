/** Opens exec or attach by the first carrier that is accepted, and tells what it comes to. */
import process from 'node:process';
import type {ClusterClient, ClusterInfo} from '../../cluster/cluster-client.ts';
import type {Connection, UpgradeResult} from '../../cluster/connection.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../server-messages/explain-message.ts';
import {statusMessage} from '../../server-messages/parse-status.ts';
import type {PingOptions} from '../../wire/pong-tracker.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import {WebSocketMessages} from '../../wire/websocket-messages.ts';
import type {ConnectionPurpose, ConnectionObserver} from '../connection-observer.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import {refusedAsKubectl, combineCarrierErrors} from '../combine-carrier-errors.ts';
import {locateStreamLoss} from '../locate-loss.ts';
import {shouldTryNextCarrier, commandCarriers, type CommandCarrier} from './command-carriers.ts';
import {pingIntervalMs, silenceTimeoutMs, type CommandChannels, type RoundTripListener} from './command-channels.ts';
import {exitStatusFrom, containerErrorFrom} from './command-result.ts';
import {commandPath, type CommandRequest} from './command-request.ts';
import {detectUnstartedCommand} from './detect-unstarted-command.ts';
import {detectSilentEnd} from './detect-silent-end.ts';
import {SpdyChannels} from './spdy-channels.ts';
import {WebSocketChannels} from './websocket-channels.ts';

export type RemoteCommandOptions = {
	witness?: ConnectionObserver;
	signal?: AbortSignal;
	environment?: NodeJS.ProcessEnv;
	/** Something that a person who waits should know, in one line; at most once. */
	onWaiting?: (notice: string) => void;
	/** Default 10 s, and the machine's time. */
	pings?: PingOptions;
};

export type RemoteCommand = Pick<CommandChannels, 'stdin' | 'stdout' | 'stderr' | 'resize'> & {
	readonly connection: Connection;
	readonly carrier: CommandCarrier;
	/**
	The remote exit status. What came before it may still have to be read from the outputs, also when it rejects.
	Rejects with a SpokeError for everything that is not the command's own end, `close()` excepted: that is `'closed'`.
	*/
	readonly outcome: Promise<number | 'closed'>;
	/** Leaves the command to itself: it may go on, for not every runtime tells it (containerd does not, measured). */
	close(): void;
};

/**
@throws SpokeError ERR_FORBIDDEN, ERR_NOT_FOUND, ERR_SECOND_LEG…: what the apiserver said to the last carrier tried, with the first one's words in `text`;
ERR_UPGRADE_REFUSED where neither was a Status; ERR_APISERVER_TIMEOUT when none of them answers within 35 s.
*/
export async function openRemoteCommand(
	cluster: ClusterClient,
	request: CommandRequest,
	options: RemoteCommandOptions = {},
): Promise<RemoteCommand> {
	const purpose: ConnectionPurpose = {feature: request.feature, target: request.target, request: null};
	const refused: SpokeError[] = [];
	for (const carrier of commandCarriers(request, options.environment ?? process.env)) {
		const attempt = await tryCarrier(cluster, request, carrier, purpose, options);
		if ('opened' in attempt) {
			return attempt.opened;
		}

		refused.push(attempt.error);
		if (!attempt.another) {
			break;
		}
	}

	throw combineCarrierErrors(refused);
}

type Attempt = {opened: RemoteCommand} | {error: SpokeError; another: boolean};

/** One carrier on a connection of its own. */
type Try = {
	cluster: ClusterClient;
	request: CommandRequest;
	carrier: CommandCarrier;
	purpose: ConnectionPurpose;
	connection: Connection;
	options: RemoteCommandOptions;
};

type Upgraded = Extract<UpgradeResult, {upgraded: true}>;

/** @throws SpokeError where another carrier would fare no better; the signal's reason */
async function tryCarrier(
	cluster: ClusterClient,
	request: CommandRequest,
	carrier: CommandCarrier,
	purpose: ConnectionPurpose,
	options: RemoteCommandOptions,
): Promise<Attempt> {
	const {witness, signal} = options;
	const connection = await connectObserved(cluster, purpose, witness, signal);
	let outcome: UpgradeResult;
	try {
		outcome = await connection.upgrade({
			method: carrier.method,
			path: commandPath(request),
			upgrade: carrier.upgrade,
			protocols: [carrier.protocol],
			...(signal && {signal}),
		});
	} catch (thrown) {
		connection.close();
		const error = toSpokeError(thrown);
		reportNotOpened(witness, connection, purpose, {thrown, signal});
		if (error.code === 'ERR_UPGRADE_REFUSED') {
			return {error, another: true};
		}

		throw error;
	}

	const tried = {cluster, request, carrier, purpose, connection, options};
	return outcome.upgraded && outcome.protocol !== null ? {opened: openedBy(outcome, tried)} : refusedBy(outcome, tried);
}

function openedBy(outcome: Upgraded, tried: Try): RemoteCommand {
	const {
		carrier,
		purpose,
		connection,
		options: {witness, onWaiting, pings = {intervalMs: pingIntervalMs}},
	} = tried;
	witness?.opened?.(connection, purpose, {carrier: carrier.carrier, protocol: outcome.protocol});
	const channels = channelsOver(outcome, tried, pings, {
		onRoundTrip(times) {
			witness?.roundTrip?.(connection, times);
		},
		onLate(waited) {
			witness?.late?.(connection, waited);
		},
		onAnswer() {
			witness?.answered?.(connection, purpose);
		},
		onBlocked: onWaiting,
	});
	return remoteCommand(tried, channels, error => {
		if (error) {
			tellFailure(witness, {connection, purpose, error});
		}

		witness?.closed?.(connection, purpose);
	});
}

/** Also by a 101 that agrees to no version of the channels. */
function refusedBy(outcome: UpgradeResult, {cluster, request, carrier, purpose, connection, options: {witness}}: Try): Attempt {
	const error = outcome.upgraded
		? new SpokeError('ERR_UPGRADE_REFUSED', `the server agreed to no version of the channels (${carrier.protocol} was offered)`)
		: refusedUpgrade({...outcome, connection}, request, carrier, cluster.facts);
	connection.close();
	tellFailure(witness, {connection, purpose, error});
	if (outcome.upgraded) {
		outcome.socket.destroy();
	}

	return {error, another: outcome.upgraded || shouldTryNextCarrier(outcome)};
}

function tellFailure(
	witness: ConnectionObserver | undefined,
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
		// The words are the runtime's, by way of the kubelet.
		witness?.answered?.(connection, purpose);
	}

	witness?.failed?.(connection, purpose, error);
}

function refusedUpgrade(
	outcome: Extract<UpgradeResult, {upgraded: false}> & {connection: Connection},
	{feature, target}: CommandRequest,
	{method, carrier}: CommandCarrier,
	by: ClusterInfo,
): SpokeError {
	if (outcome.body.trim() === '') {
		return new SpokeError(
			'ERR_UPGRADE_REFUSED',
			`the server answered ${outcome.status} ${outcome.statusText}, without a word, to the upgrade to ${carrier}`,
		);
	}

	const explained = explainMessage(outcome.body, {status: outcome.status});
	if (explained?.rule.leg === 2) {
		return errorFromExplanation(explained);
	}

	// A kubelet's answer is passed on as it came, in plain text; a Status is the apiserver's own, or one of its webhooks', whatever words it carries.
	const container = outcome.status >= 500 && statusMessage(outcome.body) === null ? containerErrorFrom(outcome.body.trim()) : null;
	return (
		container ??
		refusedAsKubectl(
			errorFromResponse(outcome, {
				verb: method === 'GET' ? 'get' : 'create',
				resource: `pods/${feature}`,
				namespace: target.namespace,
				identity: by,
			}),
			'unable to upgrade connection',
		)
	);
}

type Listeners = {
	onRoundTrip: RoundTripListener;
	onLate: RoundTripListener;
	onAnswer: () => void;
	onBlocked: ((notice: string) => void) | undefined;
};

function channelsOver(
	{socket, head}: Upgraded,
	{request: {stdin, tty}, carrier: {carrier, protocol}}: Try,
	{intervalMs: everyMs, timing}: PingOptions,
	listeners: Listeners,
): CommandChannels {
	const by = timing && {timing};
	if (carrier === 'websocket') {
		return new WebSocketChannels(new WebSocketMessages(socket, head, by), {
			stdin,
			tty,
			canEndStdin: protocol.startsWith('v5.'),
			timing: {pingEveryMs: everyMs, silenceMs: silenceTimeoutMs},
			...listeners,
		});
	}

	socket.unshift(head);
	return new SpdyChannels(new SpdySession(socket, {pingEveryMs: everyMs, silenceMs: silenceTimeoutMs, ...by}), {
		stdin,
		tty,
		onRoundTrip: listeners.onRoundTrip,
		onLate: listeners.onLate,
	});
}

/** `over` is told once, with why the outcome is not known, or `null`. */
function remoteCommand(
	{cluster, request, connection, carrier, options: {onWaiting}}: Try,
	channels: CommandChannels,
	over: (error: SpokeError | null) => void,
): RemoteCommand {
	const {stdin, stdout, stderr} = channels;
	let closed = false;
	// Behind a WebSocket's 101 the apiserver may still be trying to reach the kubelet, without any limit of its own.
	const silence = carrier.carrier === 'websocket' ? detectUnstartedCommand(cluster, request.target, channels) : null;
	// A terminal's input is as slow as a person.
	const silentEnd = stdin && !request.tty ? detectSilentEnd(channels, onWaiting) : null;
	const outcome = (async () => {
		try {
			const ending = await Promise.race([channels.ended, ...(silence ? [silence.failed] : [])]);
			const exitStatus = closed ? 'closed' : exitStatusFrom(ending);
			over(null);
			return exitStatus;
		} catch (thrown) {
			const error = await locateStreamLoss(cluster, toSpokeError(thrown));
			over(error);
			throw error;
		} finally {
			silence?.stop();
			silentEnd?.stop();
			channels.close();
		}
	})();
	// Whoever closes it need not wait for the outcome.
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
