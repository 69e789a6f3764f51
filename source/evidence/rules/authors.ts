/** Who could have written an observation. */
import type {Author, EvidenceSource, Observation, Observations, PathScope} from '../evidence.ts';
import {isServerKnown, isFromSameProcess} from './same-process.ts';
import {isSoleApiserver} from './replicas.ts';

/**
By source, `apiserver` being the server at the end of the connection on which it was read; that it may relay another's words is in
`authorsOf`. `request-counters`: metrics that whoever answers a request raises. The metrics of agents are read from their pods.
*/
export const authorsOfSource: Record<EvidenceSource | 'request-counters', readonly Author[]> = {
	socket: ['you'],
	construction: ['you'],
	flagz: ['apiserver'],
	version: ['apiserver'],
	metrics: ['apiserver'],
	'request-counters': ['any-kubelet', 'workload'],
	'step-test': ['apiserver'],
	'anonymous-probe': ['apiserver'],
	'log-differential': ['apiserver', 'kubelet'],
	'error-text': ['apiserver', 'kubelet'],
	'agent-metrics': ['any-kubelet', 'workload'],
	configz: ['kubelet'],
	handshake: ['kubelet', 'network'],
	'mirror-pod': ['object-writer'],
	lease: ['object-writer'],
	endpoints: ['object-writer'],
	csr: ['object-writer'],
	'ca-comparison': ['object-writer'],
};

/** Of leg 2, or those that write objects. What they could have written makes nothing proven, and no leg better than it is. */
const beyondTheServer: ReadonlySet<Author> = new Set(['kubelet', 'any-kubelet', 'workload', 'object-writer']);

/**
`own`: only you, or the apiserver process that the verdict is about. `server`: also another replica, a gateway or, where the server was not
verified, the network. `foreign`: also somebody beyond the server.
*/
export type Trust = 'own' | 'server' | 'foreign';

export function trustIn(authors: readonly Author[]): Trust {
	if (authors.some(author => beyondTheServer.has(author))) {
		return 'foreign';
	}

	return authors.length > 0 && authors.every(author => author === 'you' || author === 'apiserver') ? 'own' : 'server';
}

/** With everybody who relays what the apiserver sends. */
export function authorsOf({authors, ...end}: Authored, observations: Observations): readonly Author[] {
	const {socket, serverIdentity} = observations;
	const isRelayed = end.source !== 'socket' && end.source !== 'handshake';
	const server: Author = isOfVerdictProcess(end, observations) ? 'apiserver' : 'replica';
	return [
		...new Set([
			...authors.map(author => (author === 'apiserver' ? server : author)),
			...(isRelayed && serverIdentity.to !== 'apiserver' ? (['gateway'] as const) : []),
			...(isRelayed && !isServerKnown(socket) ? (['network'] as const) : []),
		]),
	];
}

type Authored = Pick<Observation<unknown>, 'authors' | 'source' | 'process' | 'connection'>;

/** The next connection may end at another apiserver than the one that was read, unless there is no other. */
function isOfVerdictProcess(end: Pick<Observation<unknown>, 'process' | 'connection'>, observations: Observations): boolean {
	return isFromSameProcess(end, observations) && (isBound(observations.scope) || isSoleApiserver(observations));
}

/** Whether the verdict is about one connection. */
export function isBound(scope: PathScope): boolean {
	return scope !== 'next-connection';
}
