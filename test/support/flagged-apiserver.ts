/** Apiservers of scripted flags behind one address, which record what users send beyond the reads of evidence. */
import type {IncomingMessage} from 'node:http';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {type ByHand, refuse, reply, serve} from './api-server.ts';
import {authority, credentialId, issue, issueApiserver, userWith} from './certificates.ts';
import {refuseUpgrade} from './command-server.ts';

/** Without a front proxy's CA, the name of the client certificate is the apiserver's own word. */
const noTunnel = {'egress-selector-config-file': '', 'requestheader-client-ca-file': ''};
export const verifies = {...noTunnel, 'kubelet-certificate-authority': '/ca.crt'};
export const verifiesNothing = {...noTunnel, 'kubelet-certificate-authority': ''};

type Flags = Readonly<Record<string, string>>;

export type FlaggedApiservers = {
	/** Of `runSpoke`. */
	env: NodeJS.ProcessEnv;
	/** Requests for logs, upgrades and proxied requests, with what followed each. */
	streams: Array<{process: number; path: string; bytes: number}>;
	/** Flags of each process. A new connection goes to the next one. */
	processes: Flags[];
	/** The process that gets the next connection. */
	next: number;
};

export type FlaggedOptions = {
	/** As a gateway has it in the server URL. */
	prefix?: string;
	/** A token cannot be named by the apiserver, as a client certificate is. */
	credential?: 'certificate' | 'token';
	/** Whether `/flagz` may be read. */
	readsFlags?: boolean;
};

const pod = {
	kind: 'Pod',
	apiVersion: 'v1',
	metadata: {name: 'web', namespace: 'default', uid: 'u1'},
	spec: {nodeName: 'n1', containers: [{name: 'main', image: 'x', ports: [{containerPort: 80}]}]},
	status: {
		phase: 'Running',
		podIP: '10.1.0.1',
		conditions: [{type: 'Ready', status: 'True'}],
		containerStatuses: [{name: 'main', ready: true, containerID: 'c://1', state: {running: {startedAt: '2026-11-24T14:00:00Z'}}}],
	},
};

export async function startFlaggedApiservers(
	t: Pick<ExecutionContext, 'teardown'>,
	processes: Flags[],
	{prefix = '', credential = 'certificate', readsFlags = true}: FlaggedOptions = {},
): Promise<FlaggedApiservers> {
	const ca = await authority('cluster-ca');
	const [leaf, client] = await Promise.all([issueApiserver(ca), issue({commonName: 'ada', organization: 'dev', usage: 'client'}, ca)]);
	const state: FlaggedApiservers = {env: {}, streams: [], processes, next: 0};
	const processOf = new WeakMap<object, number>();
	const extra = credential === 'certificate' ? credentialId(client) : {};
	const objects: Readonly<Record<string, object>> = {
		'/version': {major: '1', minor: '36', gitVersion: 'v1.36.3'},
		'/api/v1/namespaces/default/configmaps/kube-root-ca.crt': {kind: 'ConfigMap', data: {'ca.crt': ca.certificate}},
		'/apis/authentication.k8s.io/v1/selfsubjectreviews': {
			kind: 'SelfSubjectReview',
			status: {userInfo: {username: 'ada', groups: [], extra}},
		},
		'/api/v1/namespaces/default/pods/web': pod,
		'/api/v1/nodes/n1': {
			kind: 'Node',
			apiVersion: 'v1',
			metadata: {name: 'n1'},
			status: {addresses: [{type: 'InternalIP', address: '10.0.0.11'}], daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}},
		},
	};
	const record = (request: IncomingMessage) => {
		const stream = {process: processOf.get(request.socket)!, path: request.url!.slice(prefix.length), bytes: 0};
		state.streams.push(stream);
		return (chunk: Buffer) => {
			stream.bytes += chunk.length;
		};
	};

	const answer: ByHand = (request, response, query) => {
		const index = processOf.get(request.socket)!;
		const path = request.url!.slice(prefix.length).split('?')[0]!;
		if (/\/(?:log|proxy|ephemeralcontainers)\b/.test(path)) {
			request.on('data', record(request));
			if (query.get('follow') === 'true') {
				response.write('a line\n', () => request.socket.destroy());
			} else {
				response.end('a line\n');
			}

			return;
		}

		const flags: Readonly<Record<string, object>> = readsFlags
			? {
					'/flagz': {kind: 'Flagz', flags: state.processes[index]!},
					'/statusz': {kind: 'Statusz', startTime: `2026-11-24T14:00:0${index}Z`, binaryVersion: '1.36.3'},
				}
			: {};
		const object = flags[path] ?? objects[path];
		request.resume();
		(object ? reply(200, object) : refuse(403, 'forbidden', 'Forbidden'))(request, response, query);
	};

	const server = await serve(t, answer, {
		key: leaf.key,
		cert: leaf.certificate,
		ca: ca.certificate,
		requestCert: true,
		rejectUnauthorized: false,
		upgrade(request, socket) {
			socket.on('data', record(request));
			refuseUpgrade(socket, {status: 500, body: ''});
		},
		onConnection(socket) {
			processOf.set(socket, state.next);
			state.next = (state.next + 1) % state.processes.length;
		},
	});
	const [, file] = await server.config({
		cluster: {server: `${server.url}${prefix}`, 'certificate-authority-data': btoa(ca.certificate)},
		user: credential === 'token' ? {token: 'secret'} : userWith(client),
	});
	state.env = {...process.env, KUBECONFIG: file, HOME: server.folder};
	return state;
}
