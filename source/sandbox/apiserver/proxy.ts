/** Apiserver proxy to nodes, pods and services. */
import {type IncomingHttpHeaders, request as httpRequest} from 'node:http';
import type {Duplex} from 'node:stream';
import {destroyWithClient} from '../network/join-streams.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import type {Exchange} from './exchange.ts';
import {openTls} from './kubelet-client.ts';
import {relayUpgrade, type Upgrade} from './pod-stream.ts';
import {proxyTarget, type ProxyTarget} from './proxy-target.ts';
import type {RequestInfo} from './request-info.ts';
import {ApiFailure} from './status.ts';

/** @see apimachinery/pkg/util/proxy/upgradeaware.go */
export async function proxyRequest({request, response, info}: Exchange, server: ApiserverProcess): Promise<void> {
	const target = proxyTarget(info, server);
	if (info.rest === '' && (request.method === 'GET' || request.method === 'HEAD')) {
		response.writeHead(301, {location: `${info.path}/${info.query.size > 0 ? `?${info.query.toString()}` : ''}`}).end();
		return;
	}

	const backend = await openBackend(target, server);
	const sent = httpRequest({
		createConnection: () => backend,
		method: request.method ?? 'GET',
		path: backendPath(info),
		headers: {...forwardable(request.headers), host: `${target.to.address}:${target.to.port}`, connection: 'close'},
	});
	const prefix = info.path.slice(0, info.path.length - info.rest.length);
	sent.on('response', answer => {
		const {location, ...headers} = answer.headers;
		response.writeHead(answer.statusCode ?? 502, {
			...without(headers, 'connection', 'keep-alive', 'transfer-encoding'),
			...(location !== undefined && {location: location.startsWith('/') ? `${prefix}${location}` : location}),
		});
		response.flushHeaders();
		answer
			.on('error', () => {
				response.destroy();
			})
			.pipe(response);
	});
	sent.on('error', () => {
		if (response.headersSent) {
			response.destroy();
		} else {
			const {status} = unreachable('EOF');
			response.writeHead(503, {'content-type': 'application/json'}).end(`${JSON.stringify(status)}\n`);
		}
	});
	destroyWithClient(response, backend);
	request.pipe(sent);
}

export async function proxyUpgrade(upgrade: Upgrade, server: ApiserverProcess): Promise<void> {
	const target = proxyTarget(upgrade.info, server);
	const backend = await openBackend(target, server);
	await relayUpgrade(upgrade, backend, backendPath(upgrade.info), {
		...forwardable(upgrade.request.headers),
		host: `${target.to.address}:${target.to.port}`,
		connection: 'upgrade',
		upgrade: upgrade.request.headers.upgrade,
	});
}

async function openBackend({to, transport}: ProxyTarget, server: ApiserverProcess): Promise<Duplex> {
	try {
		if (transport === 'http') {
			return await server.dial(to);
		}

		return await openTls(server.dial, to, transport === 'kubelet' ? server.trust : {authority: null, identity: null}, 10_000);
	} catch (error) {
		throw unreachable((error as Error).message);
	}
}

function unreachable(text: string): ApiFailure {
	return new ApiFailure(503, 'ServiceUnavailable', `error trying to reach service: ${text}`);
}

function backendPath({rest, query}: RequestInfo): string {
	return `${rest === '' ? '/' : rest}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

/** Omits the user's credentials. */
function forwardable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	return without(
		headers,
		'authorization',
		'connection',
		'upgrade',
		'keep-alive',
		'impersonate-user',
		'impersonate-group',
		'impersonate-uid',
	);
}

function without(headers: IncomingHttpHeaders, ...names: string[]): IncomingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
