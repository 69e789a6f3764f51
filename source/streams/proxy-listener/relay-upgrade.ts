/** Relays a local client's upgrade. */
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Connection, UpgradeOptions, UpgradeResult} from '../../cluster/cluster-client.ts';
import {webSocketAccept} from '../../wire/websocket-accept.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {apiserverErrorIn} from '../proxy/response-origin.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import {clientDisconnectedError, rejectUpgrade, httpStatusForError} from './request-error.ts';
import {headersToApiserver} from './relayed-headers.ts';
import type {RelayContext} from './relay-request.ts';

/** SPDY requires allowed commands, because nothing else uses it. */
export async function relayUpgrade(
	context: RelayContext,
	path: string,
	request: IncomingMessage,
	client: Duplex,
	head: Buffer,
): Promise<[status: number, error: SpokeError | null]> {
	const wanted = parseUpgradeRequest(request, context.allowsCommands);
	if (wanted === null) {
		rejectUpgrade(client, 403, 'only WebSocket upgrades are accepted');
		return [403, null];
	}

	const clientClosed = new AbortController();
	client.once('close', () => {
		clientClosed.abort(clientDisconnectedError());
	});
	try {
		const {method, upgrade, protocols, responseHeaders} = wanted;
		const outcome = await openUpgrade(
			context,
			path,
			{method, upgrade, protocols, headers: headersToApiserver(request.headers), signal: clientClosed.signal},
			client,
		);
		if (!outcome.upgraded) {
			rejectUpgrade(client, outcome.status, outcome.body, outcome.headers['content-type']);
			return [outcome.status, null];
		}

		if (context.keepaliveMs > 0) {
			(outcome.socket as Socket).setKeepAlive?.(true, context.keepaliveMs);
		}

		client.write(['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...responseHeaders(outcome.protocol), '', ''].join('\r\n'));
		client.unshift(head);
		joinStreams(client, outcome.socket);
		return [101, null];
	} catch (thrown) {
		const error = toSpokeError(thrown);
		const status = httpStatusForError(error);
		rejectUpgrade(client, status, error.text ?? error.message);
		return [status, error.code === 'ERR_OUTPUT_CLOSED' ? null : error];
	}
}

type UpgradeRequest = Pick<UpgradeOptions, 'method' | 'upgrade' | 'protocols'> & {
	responseHeaders: (protocol: string | null) => readonly string[];
};

/** `null`: not relayed. */
function parseUpgradeRequest({method, headers, headersDistinct}: IncomingMessage, allowsCommands: boolean): UpgradeRequest | null {
	const {upgrade = '', 'sec-websocket-key': key = ''} = headers;
	if (upgrade.toLowerCase() === 'websocket' && key !== '') {
		return {
			method: 'GET',
			upgrade: 'websocket',
			protocols: splitList(headersDistinct['sec-websocket-protocol']),
			responseHeaders: protocol => [
				'Upgrade: websocket',
				`Sec-WebSocket-Accept: ${webSocketAccept(key)}`,
				...(protocol === null ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
			],
		};
	}

	return allowsCommands && upgrade.toLowerCase() === 'spdy/3.1'
		? {
				method: method === 'POST' ? 'POST' : 'GET',
				upgrade: 'SPDY/3.1',
				protocols: splitList(headersDistinct['x-stream-protocol-version']),
				responseHeaders: protocol => ['Upgrade: SPDY/3.1', ...(protocol === null ? [] : [`X-Stream-Protocol-Version: ${protocol}`])],
			}
		: null;
}

function splitList(values: readonly string[] = []): string[] {
	return values
		.flatMap(value => value.split(','))
		.map(name => name.trim())
		.filter(name => name !== '');
}

/** @throws `clientDisconnectedError` and connection errors; leaves nothing open then */
async function openUpgrade(
	{cluster, targets, observer}: RelayContext,
	path: string,
	options: Omit<UpgradeOptions, 'path'> & {signal: AbortSignal},
	client: Duplex,
): Promise<UpgradeResult> {
	const target = await targets.findUpgraded(path);
	if (!target) {
		const connection = await cluster.connect({signal: options.signal});
		return upgradeFor(connection, {...options, path}, client);
	}

	const {purpose, base, rest} = target;
	const connection = await connectObserved(cluster, purpose, observer, {signal: options.signal});
	try {
		const outcome = await upgradeFor(connection, {...options, path: base + rest}, client);
		if (outcome.upgraded) {
			observer?.onOpened?.(connection, purpose, {
				carrier: options.upgrade === 'websocket' ? 'websocket' : 'spdy',
				protocol: outcome.protocol,
			});
			client.once('close', () => observer?.onClosed?.(connection, purpose));
			return outcome;
		}

		// For exec, attach and port-forward, the message does not show who refused.
		const error = purpose.request === null ? null : apiserverErrorIn(outcome.status, outcome.headers, Buffer.from(outcome.body), purpose);
		if (error) {
			observer?.onFailed?.(connection, purpose, error);
		}

		observer?.onClosed?.(connection, purpose);
		return outcome;
	} catch (thrown) {
		reportNotOpened(observer, connection, purpose, {thrown, signal: options.signal});
		throw thrown;
	}
}

async function upgradeFor(connection: Connection, options: UpgradeOptions, client: Duplex): Promise<UpgradeResult> {
	const outcome = await connection.upgrade(options).catch((thrown: unknown) => {
		connection.close();
		throw thrown;
	});
	if (!outcome.upgraded) {
		connection.close();
	} else if (client.destroyed) {
		outcome.socket.destroy();
		throw clientDisconnectedError();
	}

	return outcome;
}

/** A reset on one side destroys the other. */
function joinStreams(one: Duplex, other: Duplex): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		from.pipe(to);
		from.on('error', () => to.destroy());
		from.on('close', () => {
			if (!from.readableEnded) {
				to.destroy();
			}
		});
	}
}
