/** The servers of a world: apiservers, what is in front of them, and kubelets behind. They know Kubernetes, and nothing of spoke. */
import {
	type BackendAnswer,
	relayedLog,
	relayedProxy,
	relayedUpgrade,
	type ServerAnswer,
	statusAnswer,
	translatedCommand,
} from './apiserver-relay.ts';
import {
	agentPods,
	controlPlaneNodes,
	type Counts,
	endpointSlices,
	flagsOf,
	leases,
	metricsText,
	mirrorPods,
	nodeAddress,
	nodeObject,
	webPod,
} from './objects.ts';
import {execUrl, logUrl, refusals} from './recorded-texts.ts';
import {isAtLeast, type KubeletAnswer, noLies, type Process, type Right, type World} from './world.ts';

export type Asked = {
	method: string;
	path: string;
	/** Of an upgrade. */
	upgrade?: 'websocket' | 'SPDY/3.1';
	/** Without the user's credentials. */
	isAnonymous?: boolean;
};

/** What the servers did beyond answering: for the truth about a connection. */
export type Served = {connection: number; process: Process; path: string};

const leavesApiserver = /\/(?:log|exec|attach|portforward|proxy)(?:[/?]|$)|^\/apis\/(?:metrics\.k8s\.io|subresources\.kubevirt\.io)\//;

export class Servers {
	readonly served: Served[] = [];
	readonly #world: World;
	readonly #certificateAuthority: string;
	readonly #clientCertificateSha256: string | null;
	readonly #counts = new Map<string, Counts>();
	readonly #documents = new Map<string, ServerAnswer>();
	#requests = 0;
	#kubeletAnswers = 0;

	constructor(world: World, certificateAuthority: string, clientCertificateSha256: string | null) {
		this.#world = world;
		this.#certificateAuthority = certificateAuthority;
		this.#clientCertificateSha256 = clientCertificateSha256;
		for (const {name, served, tlsFailures, route} of world.processes) {
			const dials = route === 'grpc' || route === 'http-connect' ? served + tlsFailures : 0;
			this.#counts.set(name, {logs: served, upgrades: 0, open: 0, dials, tlsFailures: tlsFailures + world.lies.countedFailures});
		}
	}

	answer(connection: number, asked: Asked): ServerAnswer {
		const leaves = leavesApiserver.test(asked.path);
		const process = this.#processFor(connection, leaves);
		if (leaves) {
			this.served.push({connection, process, path: asked.path});
			return this.#fromBackend(process, asked);
		}

		const {lies} = this.#world;
		return lies.response !== null && this.#mayMakeUp() ? this.#madeUp(process, asked, lies.response) : this.#fromApiserver(process, asked);
	}

	/** The held stream of a port-forward ends. */
	close(connection: number): void {
		const served = this.served.findLast(one => one.connection === connection && one.path.includes('/portforward'));
		const counts = served && this.#counts.get(served.process.name);
		if (counts) {
			counts.open--;
		}
	}

	/** A gateway may make up all responses; others only where nobody verifies the server. */
	#mayMakeUp(): boolean {
		return this.#world.front === 'gateway' || this.#world.skipsVerification;
	}

	#processFor(connection: number, leaves: boolean): Process {
		const {order, processes, front, splitsStreams} = this.#world;
		const isByRequest = front === 'front' || front === 'gateway';
		const turn = !isByRequest ? connection : splitsStreams ? (leaves ? order.length - 1 : 0) : this.#requests++;
		return processes[order[turn % order.length]!]!;
	}

	#madeUp(
		process: Process,
		asked: Asked,
		{flags, egress, leases: shown, namesCertificate}: NonNullable<World['lies']['response']>,
	): ServerAnswer {
		const own: Process = {...process, verification: flags, route: egress ? 'grpc' : 'direct', advertised: this.#world.serverAddress};
		const world: World = {...this.#world, processes: [own], relaysIdentity: namesCertificate, rights: [...this.#world.rights, 'flagz']};
		const lies = {...noLies, leases: shown};
		return new Servers({...world, lies}, this.#certificateAuthority, this.#clientCertificateSha256).#fromApiserver(own, asked);
	}

	#fromApiserver(process: Process, asked: Asked): ServerAnswer {
		const [path = '', query = ''] = asked.path.split('?');
		if (asked.isAnonymous) {
			return path === '/api' ? forbidden(path) : json({gitVersion: `v${this.#world.version}`});
		}

		const key = `${process.name} ${asked.path}`;
		const document = this.#documents.get(key) ?? this.#readable(process, path, decodeURIComponent(query));
		if (path !== '/metrics') {
			this.#documents.set(key, document);
		}

		return document;
	}

	#readable(process: Process, path: string, query: string): ServerAnswer {
		const {right, object} = this.#document(process, path, query);
		if (right !== null && !this.#world.rights.includes(right)) {
			return forbidden(path);
		}

		return object === null ? {status: 404, headers: {'content-type': 'text/plain'}, body: '404 page not found'} : json(object);
	}

	#document(process: Process, path: string, query: string): {right: Right | null; object: object | string | null} {
		const world = this.#world;
		const {version, rights} = world;
		switch (path) {
			case '/flagz':
			case '/statusz': {
				return {right: 'flagz', object: isAtLeast(version, 36) ? statusDocument(path, process, world) : null};
			}

			case '/metrics': {
				return {right: 'metrics', object: metricsText(process, this.#counts.get(process.name)!)};
			}

			case '/version': {
				return {right: null, object: {major: '1', minor: version.split('.')[1]!, gitVersion: `v${version}`}};
			}

			case '/api/v1/namespaces/default/configmaps/kube-root-ca.crt': {
				return {
					right: 'rootCa',
					object: {kind: 'ConfigMap', apiVersion: 'v1', metadata: {name: 'kube-root-ca.crt'}, data: {'ca.crt': this.#certificateAuthority}},
				};
			}

			case '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases': {
				return {right: 'leases', object: list('Lease', leases(world), world.lies.leases === 'page' ? {continue: 'next'} : {})};
			}

			case '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases': {
				return {right: 'nodes', object: list('Lease', [])};
			}

			case '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': {
				return {right: 'endpoints', object: list('EndpointSlice', endpointSlices(world))};
			}

			case '/apis/certificates.k8s.io/v1/certificatesigningrequests': {
				return {right: 'nodes', object: list('CertificateSigningRequest', [])};
			}

			case '/api/v1/namespaces/kube-system/pods': {
				const isOfAgents = query.includes('konnectivity-agent') || query.startsWith('limit');
				const pods = query.includes('component in') ? mirrorPods(world) : isOfAgents ? agentPods(world) : [];
				return {right: 'systemPods', object: list('Pod', pods)};
			}

			case '/api/v1/namespaces/default/pods': {
				return {right: null, object: list('Pod', [webPod()])};
			}

			case '/api/v1/namespaces/default/pods/web': {
				return {right: null, object: webPod()};
			}

			case '/api/v1/nodes': {
				const nodes = query.includes('control-plane') ? controlPlaneNodes(world) : [nodeObject('n1', world)];
				return {right: 'nodes', object: list('Node', nodes)};
			}

			case '/api/v1/nodes/n1': {
				return {right: 'nodes', object: nodeObject('n1', world)};
			}

			case '/apis/authentication.k8s.io/v1/selfsubjectreviews': {
				return {right: 'review', object: isAtLeast(version, 28) ? this.#selfSubject() : null};
			}

			case '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
				return {
					right: null,
					object: {
						kind: 'SelfSubjectAccessReview',
						apiVersion: 'authorization.k8s.io/v1',
						metadata: {},
						status: {allowed: rights.includes('agents')},
					},
				};
			}

			default: {
				return {right: null, object: null};
			}
		}
	}

	/** Only who terminated TLS knows the certificate; a front can relay its name. */
	#selfSubject(): object {
		const {front, relaysIdentity, trustsHeaders, version, credential} = this.#world;
		const isKnown = front === 'none' || front === 'balancer' || (relaysIdentity && trustsHeaders);
		const extra =
			isKnown && credential === 'certificate' && isAtLeast(version, 32) && this.#clientCertificateSha256 !== null
				? {extra: {'authentication.kubernetes.io/credential-id': [`X509SHA256=${this.#clientCertificateSha256}`]}}
				: {};
		return {
			kind: 'SelfSubjectReview',
			apiVersion: 'authentication.k8s.io/v1',
			metadata: {},
			status: {userInfo: {username: 'ada', groups: ['dev', 'system:authenticated'], ...extra}},
		};
	}

	#fromBackend(process: Process, {path, upgrade, method}: Asked): ServerAnswer {
		const counts = this.#counts.get(process.name)!;
		if (path.includes('/proxy/metrics')) {
			return this.#world.rights.includes('agents') ? {status: 200, body: this.#agentMetrics()} : forbidden(path);
		}

		counts.dials += process.route === 'grpc' || process.route === 'http-connect' ? 1 : 0;
		if (path.includes('/log')) {
			const {answer, isCounted} = relayedLog(this.#kubeletAnswer(process, path), logLocation(path));
			counts.tlsFailures += isCounted ? 1 : 0;
			counts.logs += 'status' in answer && answer.status === 200 ? 1 : 0;
			return answer;
		}

		if (upgrade === undefined) {
			const isNode = path.startsWith('/api/v1/nodes/');
			return relayedProxy(isNode ? this.#kubeletAnswer(process, path) : response(200, this.#world.lies.workload));
		}

		const answer = this.#kubeletAnswer(process, path);
		if (path.includes('/portforward')) {
			const relayed = relayedUpgrade(answer);
			counts.upgrades += 'upgraded' in relayed ? 1 : 0;
			counts.open += 'upgraded' in relayed ? 1 : 0;
			return relayed;
		}

		const passesThrough = method === 'POST' || (this.#world.lies.declaresWebSockets ?? this.#world.declaresWebSockets);
		const relayed = passesThrough ? relayedUpgrade(answer) : translatedCommand(answer, execUrl);
		return 'upgraded' in relayed && answer.kind === 'upgraded' ? {...relayed, output: this.#world.lies.workload || 'out\n'} : relayed;
	}

	/** What the apiserver gets where it asks a kubelet. */
	#kubeletAnswer(process: Process, path: string): BackendAnswer {
		const {adversaries, lies, refusal} = this.#world;
		const isOwnNode = adversaries.includes('node') || adversaries.includes('all-nodes');
		const next = lies.kubelet[Math.min(this.#kubeletAnswers, lies.kubelet.length - 1)];
		if (next?.kind === 'dial') {
			this.#kubeletAnswers++;
			const isUpgrade = /\/(?:exec|portforward)/.test(path);
			if ((isOwnNode && process.route === 'grpc') || (adversaries.includes('network') && !isUpgrade)) {
				return {kind: 'refused', text: next.text};
			}
		}

		const isUnverified = process.verification === 'off' || path.includes('insecureSkipTLSVerifyBackend=true');
		if (process.verification === 'bad' && !isUnverified) {
			return {kind: 'refused', text: refusals[refusal]!.replaceAll('10.0.0.11', nodeAddress)};
		}

		const lie = next?.kind !== 'dial' && (isOwnNode || isUnverified) ? next : undefined;
		this.#kubeletAnswers += lie ? 1 : 0;
		const honest: KubeletAnswer =
			path.includes('/log') || path.includes('/proxy') ? response(200, lies.workload || 'a line\n') : {kind: 'upgraded', error: null};
		return lie ?? honest;
	}

	/** Connections that the agent carries, or says that it does. */
	#agentMetrics(): string {
		const {processes, lies} = this.#world;
		const carried = processes.reduce((sum, {name, route}) => {
			const isCarried = lies.agents === 'follows' || route === 'grpc' || route === 'http-connect';
			return sum + (isCarried ? this.#counts.get(name)!.open : 0);
		}, 1);
		return `konnectivity_network_proxy_agent_open_endpoint_connections ${lies.agents === 'noise' ? 7 : carried}\n`;
	}
}

function statusDocument(path: string, process: Process, world: World): object {
	const common = {apiVersion: 'config.k8s.io/v1beta1', metadata: {name: 'apiserver'}};
	return path === '/flagz'
		? {kind: 'Flagz', ...common, flags: flagsOf(process, world)}
		: {kind: 'Statusz', ...common, startTime: process.startTime, binaryVersion: world.version};
}

/** @see kubernetes 1.36.3 pkg/registry/core/pod/strategy.go LogLocation */
function logLocation(path: string): string {
	const asked = new URLSearchParams(path.split('?')[1]);
	asked.delete('container');
	asked.delete('insecureSkipTLSVerifyBackend');
	asked.sort();
	return `${logUrl}${asked.size > 0 ? '?' : ''}${asked}`;
}

function response(status: number, body: string): KubeletAnswer {
	return {kind: 'response', status, location: null, contentType: 'text/plain', body};
}

function list(kind: string, items: readonly object[], more: object = {}): object {
	return {kind: `${kind}List`, apiVersion: 'v1', metadata: {resourceVersion: '1', ...more}, items};
}

function json(object: object | string): ServerAnswer {
	return typeof object === 'string'
		? {status: 200, headers: {'content-type': 'text/plain'}, body: object}
		: {status: 200, headers: {'content-type': 'application/json'}, body: JSON.stringify(object)};
}

function forbidden(path: string): ServerAnswer {
	return statusAnswer(403, `forbidden: User "ada" cannot get path "${path}"`, 'Forbidden');
}
