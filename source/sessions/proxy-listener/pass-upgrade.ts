/** A local client's WebSocket, passed to the apiserver and joined to it both ways. */
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Connection, UpgradeOptions, UpgradeOutcome} from '../../cluster/connection.ts';
import {webSocketAccept} from '../../cluster/transport/upgrade.ts';
import {asSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {saidByApiserver} from '../proxy/said-by-apiserver.ts';
import {connectWitnessed, tellUnopened} from '../witnessed-connection.ts';
import {clientLeft, refuseUpgrade, statusOfFailure} from './failed-request.ts';
import {headersToApiserver} from './passed-headers.ts';
import type {PassingMeans} from './pass-request.ts';

/** Resolves to the status given to the client, and what went wrong. Only WebSockets are upgraded: SPDY is spoken by what runs commands. */
export async function passUpgrade(
	means: PassingMeans,
	path: string,
	request: IncomingMessage,
	client: Duplex,
	head: Buffer,
): Promise<[status: number, error: SpokeError | null]> {
	const {upgrade = '', 'sec-websocket-key': key = '', 'sec-websocket-protocol': offered = ''} = request.headers;
	if (upgrade.toLowerCase() !== 'websocket' || key === '') {
		refuseUpgrade(client, 403, 'only WebSockets are upgraded here');
		return [403, null];
	}

	const left = new AbortController();
	client.once('close', () => {
		left.abort(clientLeft());
	});
	try {
		const outcome = await askForUpgrade(means, path, {
			method: 'GET', upgrade: 'websocket', protocols: offered.split(',').map(name => name.trim()).filter(name => name !== ''),
			headers: headersToApiserver(request.headers), signal: left.signal,
		}, client);
		if (!outcome.upgraded) {
			refuseUpgrade(client, outcome.status, outcome.body, outcome.headers['content-type']);
			return [outcome.status, null];
		}

		if (means.keepaliveMs > 0) {
			(outcome.socket as Socket).setKeepAlive?.(true, means.keepaliveMs);
		}

		client.write([
			'HTTP/1.1 101 Switching Protocols',
			'Upgrade: websocket',
			'Connection: Upgrade',
			`Sec-WebSocket-Accept: ${webSocketAccept(key)}`,
			...outcome.protocol === null ? [] : [`Sec-WebSocket-Protocol: ${outcome.protocol}`],
			'',
			'',
		].join('\r\n'));
		outcome.socket.unshift(outcome.head);
		client.unshift(head);
		join(client, outcome.socket);
		return [101, null];
	} catch (thrown) {
		const error = asSpokeError(thrown);
		const status = statusOfFailure(error);
		refuseUpgrade(client, status, error.text ?? error.message);
		return [status, error.code === 'ERR_OUTPUT_CLOSED' ? null : error];
	}
}

/** The answer, whose label lasts as long as `client`. @throws `clientLeft`, and what a connection can fail with; nothing is open then */
async function askForUpgrade(
	{cluster, targets, witness}: PassingMeans,
	path: string,
	options: Omit<UpgradeOptions, 'path'> & {signal: AbortSignal},
	client: Duplex,
): Promise<UpgradeOutcome> {
	const proxied = await targets.find(path);
	if (!proxied) {
		const connection = await cluster.connect({signal: options.signal});
		return upgraded(connection, {...options, path}, client);
	}

	const {purpose, base, behind} = proxied;
	const connection = await connectWitnessed(cluster, purpose, witness, options.signal);
	try {
		const outcome = await upgraded(connection, {...options, path: base + behind}, client);
		if (outcome.upgraded) {
			witness?.opened?.(connection, purpose, {carrier: 'websocket', protocol: outcome.protocol});
			client.once('close', () => witness?.closed?.(connection, purpose));
			return outcome;
		}

		const said = saidByApiserver(outcome.status, outcome.headers, Buffer.from(outcome.body), purpose);
		if (said) {
			witness?.failed?.(connection, purpose, said);
		}

		witness?.closed?.(connection, purpose);
		return outcome;
	} catch (thrown) {
		tellUnopened(witness, connection, purpose, {thrown, signal: options.signal});
		throw thrown;
	}
}

async function upgraded(connection: Connection, options: UpgradeOptions, client: Duplex): Promise<UpgradeOutcome> {
	const outcome = await connection.upgrade(options).catch((thrown: unknown) => {
		connection.close();
		throw thrown;
	});
	if (!outcome.upgraded) {
		connection.close();
	} else if (client.destroyed) {
		outcome.socket.destroy();
		throw clientLeft();
	}

	return outcome;
}

/** Each side's end goes on as an end; a break on one side breaks the other. */
function join(one: Duplex, other: Duplex): void {
	for (const [from, to] of [[one, other], [other, one]] as const) {
		from.pipe(to);
		from.on('error', () => to.destroy());
		from.on('close', () => {
			if (!from.readableEnded) {
				to.destroy();
			}
		});
	}
}
