/** `pods/exec`, `attach` and `portforward`: the client's upgrade is passed on to the kubelet, and then bytes both ways. */
import {request as httpRequest, STATUS_CODES, type IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {destroyWithClient} from '../network/end-with.ts';
import type {KubeObject} from '../objects/kube-object.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import {openTls} from './kubelet-client.ts';
import {chooseContainer} from './pod-log.ts';
import type {RequestInfo} from './request-info.ts';
import {ApiFailure, badRequest, internalFailure} from './status.ts';

export type Upgrade = {request: IncomingMessage; socket: Duplex; head: Buffer; info: RequestInfo};

/** Joins client and kubelet. @see pkg/registry/core/pod/strategy.go StreamLocation, PortForwardLocation; apimachinery/pkg/util/proxy/upgradeaware.go */
export async function podStream(upgrade: Upgrade, server: ApiserverProcess, pod: KubeObject): Promise<void> {
	const {
		request,
		info: {subresource},
	} = upgrade;
	const path = kubeletPath(upgrade.info, pod);
	server.metrics.add('apiserver_websocket_streaming_requests_total', {subresource, proxy_type: 'proxied_to_kubelet'});
	const to = server.kubeletOf(String(pod['spec'].nodeName));
	let secure: Duplex;
	try {
		secure = await openTls(server.dial, to, server.trust, null);
	} catch (error) {
		throw internalFailure(`error dialing backend: ${(error as Error).message}`);
	}

	await relayUpgrade(upgrade, secure, path, {...request.headers, authorization: undefined, host: `${to.address}:${to.port}`});
}

/** Sends the client's upgrade over `backend`, and joins both when it is accepted; another answer is passed on. */
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

		join(socket, upgraded);
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

function join(one: Duplex, other: Duplex): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		from.pipe(to);
		from.on('error', () => {
			to.destroy();
		});
		from.on('close', () => {
			if (!to.destroyed && !from.readableEnded) {
				to.destroy();
			}
		});
	}
}

function headText(answer: IncomingMessage, more: Readonly<Record<string, string>> = {}): string {
	const lines = [`HTTP/1.1 ${answer.statusCode} ${STATUS_CODES[answer.statusCode ?? 502] ?? ''}`];
	for (let at = 0; at < answer.rawHeaders.length; at += 2) {
		const name = answer.rawHeaders[at]!;
		// The body has been taken apart from its frame already.
		if (!['transfer-encoding', ...Object.keys(more)].includes(name.toLowerCase())) {
			lines.push(`${name}: ${answer.rawHeaders[at + 1]}`);
		}
	}

	lines.push(...Object.entries(more).map(([name, value]) => `${name}: ${value}`));
	return `${lines.join('\r\n')}\r\n\r\n`;
}

function kubeletPath({subresource, query, namespace, name}: RequestInfo, pod: KubeObject): string {
	if (!pod['spec'].nodeName) {
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

	const container = chooseContainer(pod, query.get('container'));
	if (pod['status']?.phase === 'Succeeded' || pod['status']?.phase === 'Failed') {
		throw new ApiFailure(400, 'BadRequest', `cannot exec into a container in a completed pod; current phase is ${pod['status'].phase}`);
	}

	const asked = (word: string) => query.get(word) === 'true' || query.get(word) === '1';
	const kubelets = new URLSearchParams();
	for (const [word, theirs] of [
		['stdin', 'input'],
		['stdout', 'output'],
		['stderr', 'error'],
		['tty', 'tty'],
	] as const) {
		if (asked(word)) {
			kubelets.set(theirs, '1');
		}
	}

	for (const argument of query.getAll('command')) {
		kubelets.append('command', argument);
	}

	if (['input', 'output', 'error'].every(word => !kubelets.has(word))) {
		throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
	}

	if (subresource === 'exec' && !query.has('command')) {
		throw badRequest('you must specify at least one command for the container');
	}

	return `/${subresource}/${namespace}/${name}/${container}?${kubelets.toString()}`;
}
