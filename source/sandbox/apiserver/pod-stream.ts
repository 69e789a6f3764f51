/** `pods/exec`, `attach` and `portforward`. */
import {type IncomingMessage, request as httpRequest, STATUS_CODES} from 'node:http';
import type {Duplex} from 'node:stream';
import {destroyWithClient, joinStreams} from '../network/join-streams.ts';
import type {Pod} from '../objects/kube-object.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import {openTls} from './kubelet-client.ts';
import {resolveContainer} from './pod-log.ts';
import type {RequestInfo} from './request-info.ts';
import {ApiFailure, badRequest, internalFailure} from './status.ts';

export type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer; info: RequestInfo};

/** @see pkg/registry/core/pod/strategy.go StreamLocation, PortForwardLocation; apimachinery/pkg/util/proxy/upgradeaware.go */
export async function podStream(upgrade: Upgrade, server: ApiserverProcess, pod: Pod): Promise<void> {
	const {request} = upgrade;
	const path = kubeletPath(upgrade.info, pod);
	const to = server.kubeletOf(String(pod.spec.nodeName));
	let secure: Duplex;
	try {
		secure = await openTls(server.dial, to, server.trust, null);
	} catch (error) {
		throw internalFailure(`error dialing backend: ${(error as Error).message}`);
	}

	await relayUpgrade(upgrade, secure, path, {...request.headers, authorization: undefined, host: `${to.address}:${to.port}`});
}

/** Other responses than the upgrade are relayed, too. */
export async function relayUpgrade(
	{request, socket, head}: Upgrade,
	backend: Duplex,
	path: string,
	headers: NodeJS.Dict<string | string[]>,
): Promise<void> {
	const sent = httpRequest({
		createConnection: () => backend,
		method: request.method ?? 'GET',
		path,
		headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>,
	});
	destroyWithClient(socket, backend);
	const {promise, resolve} = Promise.withResolvers<void>();
	sent.on('upgrade', (answer, upgraded, first) => {
		socket.write(headText(answer));
		if (first.length > 0) {
			socket.write(first);
		}

		if (head.length > 0) {
			upgraded.write(head);
		}

		joinStreams(socket, upgraded);
		resolve();
	});
	sent.on('response', answer => {
		socket.write(headText(answer, {connection: 'close'}));
		answer.on('end', () => {
			socket.end();
		});
		answer.pipe(socket);
		resolve();
	});
	sent.on('error', () => {
		socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
		resolve();
	});
	sent.end();
	await promise;
}

function headText(response: IncomingMessage, more: Readonly<Record<string, string>> = {}): string {
	const lines = [`HTTP/1.1 ${response.statusCode} ${STATUS_CODES[response.statusCode ?? 502] ?? ''}`];
	for (let index = 0; index < response.rawHeaders.length; index += 2) {
		const name = response.rawHeaders[index]!;
		// The body is decoded already.
		if (!['transfer-encoding', ...Object.keys(more)].includes(name.toLowerCase())) {
			lines.push(`${name}: ${response.rawHeaders[index + 1]}`);
		}
	}

	lines.push(...Object.entries(more).map(([name, value]) => `${name}: ${value}`));
	return `${lines.join('\r\n')}\r\n\r\n`;
}

function kubeletPath({subresource, query, namespace, name}: RequestInfo, pod: Pod): string {
	if (!pod.spec.nodeName) {
		throw badRequest(`pod ${name} does not have a host assigned`);
	}

	if (subresource === 'portforward') {
		const ports = query
			.getAll('ports')
			.flatMap(text => text.split(','))
			.map(port => `port=${encodeURIComponent(port)}`)
			.join('&');
		return `/portForward/${namespace}/${name}${ports === '' ? '' : `?${ports}`}`;
	}

	const container = resolveContainer(pod, query.get('container'));
	if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
		throw new ApiFailure(400, 'BadRequest', `cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
	}

	const isRequested = (word: string) => query.get(word) === 'true' || query.get(word) === '1';
	const parameters = new URLSearchParams();
	for (const [word, kubeletName] of [
		['stdin', 'input'],
		['stdout', 'output'],
		['stderr', 'error'],
		['tty', 'tty'],
	] as const) {
		if (isRequested(word)) {
			parameters.set(kubeletName, '1');
		}
	}

	for (const argument of query.getAll('command')) {
		parameters.append('command', argument);
	}

	if (['input', 'output', 'error'].every(word => !parameters.has(word))) {
		throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
	}

	if (subresource === 'exec' && !query.has('command')) {
		throw badRequest('you must specify at least one command for the container');
	}

	return `/${subresource}/${namespace}/${name}/${container}?${parameters.toString()}`;
}
