/** Access to kubelets. */
import type {IncomingMessage} from 'node:http';
import type {TLSSocket} from 'node:tls';
import {certificateIdentity} from '../certificates/cluster-issuer.ts';
import type {Kubelet} from './kubelet.ts';

/** The refusal. Allows client certificates of the apiserver and of administrators. @see pkg/kubelet/server/server.go InstallAuthFilter */
export function authorizeCaller(request: IncomingMessage, kubelet: Kubelet): {status: number; text: string} | undefined {
	const socket = request.socket as TLSSocket;
	const peer = socket.getPeerX509Certificate();
	if (!socket.authorized || peer?.subject === undefined) {
		return {status: 401, text: 'Unauthorized'};
	}

	const {user, groups} = certificateIdentity(peer);
	const allowed = user === apiserverIdentity || groups.includes('system:masters');
	const [, first] = (request.url ?? '/').split(/[/?]/, 2);
	const verb = request.method === 'POST' ? 'create' : 'get';
	const subresource = subresources.get(first ?? '') ?? '[proxy]';
	return allowed && !kubelet.refusesApiserver
		? undefined
		: {status: 403, text: `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=${subresource})`};
}

/** Authorized subresource by the first path segment. */
const subresources: ReadonlyMap<string, string> = new Map([
	['configz', '[configz proxy]'],
	['healthz', '[healthz proxy]'],
	['logs', '[log]'],
	['metrics', '[metrics]'],
]);

export const apiserverIdentity = 'kube-apiserver-kubelet-client';
