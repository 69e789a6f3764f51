/** The known apiservers. */
import type {FlagFacts, Observations, Observation, ReplicaFacts} from '../evidence.ts';
import {endAddress, hostOf} from './end-address.ts';
import {flagValue} from './flag-value.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';

/** Flags read from /flagz and, for processes that were not read, from mirror pods. */
export function flagsPerProcess(observations: Observations): ReadonlyArray<Observation<FlagFacts>> {
	const running = [
		...new Map(observations.flags.map(observation => [observation.process ?? observation.connection, observation])).values(),
	];
	return [...running, ...podsOfOthers(possiblePods(observations), running)];
}

function podsOfOthers(
	pods: ReadonlyArray<Observation<FlagFacts>>,
	running: ReadonlyArray<Observation<FlagFacts>>,
): ReadonlyArray<Observation<FlagFacts>> {
	// Processes that name an address go first, so that the others cannot take their pods.
	const inTurn = running.toSorted((a, b) => Number(advertisedAddress(b) !== null) - Number(advertisedAddress(a) !== null));
	let rest = pods;
	for (const process of inTurn) {
		const possible = rest.filter(pod => mayBePodOf(pod, process));
		const own = possible.find(pod => haveSameSettings([pod, process])) ?? possible[0];
		rest = rest.filter(pod => pod !== own);
	}

	return rest;
}

function mayBePodOf({facts: pod}: Observation<FlagFacts>, {facts: process}: Observation<FlagFacts>): boolean {
	return ['advertise-address', 'secure-port'].every(name => {
		const [ofPod, ofProcess] = [pod.values[name], process.values[name]];
		return ofPod === undefined || ofProcess === undefined || ofPod === ofProcess;
	});
}

/**
A lower bound for the number of apiservers. Apiservers with the same host name share one identity lease. An apiserver with
`--endpoint-reconciler-type=none` has no endpoint. So a found apiserver that neither list contains counts in addition. Apiservers that
share a lease and were not found count as one, because they renew the same lease in turn.
*/
export function knownReplicaCount(observations: Observations): number | null {
	const facts = observations.replicas?.facts;
	if (!facts || facts.known === null) {
		return null;
	}

	const found = flagsPerProcess(observations);
	const listed = Math.max(
		facts.known,
		found.length,
		(facts.addresses?.length ?? 0) + found.filter(observation => isUnlisted(observations, observation)).length,
	);
	return sharesItsLease(observations, found.length) ? Math.max(listed, (facts.leases?.length ?? 0) + 1) : listed;
}

/**
Whether spoke read the flags of every known replica exactly once, each at an address of its own, and found no replica without a known lease
or address. The flags of mirror pods count only if the addresses that were read are exactly the registered ones. If one is known,
its address must also be the remote address of the connection: otherwise a second replica with the same host name and lease could exist.
*/
export function areAllReplicasRead(observations: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	const facts = observations.replicas?.facts;
	const distinct = new Set(flagObservations.map(observation => observation.process ?? observation.where));
	if (
		!facts?.known ||
		distinct.size !== facts.known ||
		(facts.known === 1 && !isAtFarEnd(flagObservations[0]!, observations)) ||
		flagObservations.some(observation => isUnlisted(observations, observation)) ||
		sharesItsLease(observations, distinct.size)
	) {
		return false;
	}

	const running = flagObservations.filter(({source}) => source === 'flagz');
	const pods = flagObservations.filter(({source}) => source === 'mirror-pod');
	if (!pods.every(pod => isOnControlPlane(pod))) {
		return false;
	}

	const mayBeMore = (running.length > 0 && mayShareAnEndpoint(facts)) || (facts.leases === null && pods.some(pod => !usesHostAddress(pod)));
	// Two reads, one of them without a process id, may be of one apiserver.
	if (mayBeMore || (flagObservations.length > 1 && running.some(({process}) => process === null))) {
		return false;
	}

	// An apiserver that restarted during the reads is two processes at one address.
	const addresses = new Set(
		flagObservations.map(observation => (observation.source === 'mirror-pod' ? podAddress(observation) : advertisedAddress(observation))),
	);
	const isEachListed = facts.addresses?.length === addresses.size && facts.addresses.every(address => addresses.has(address));
	return addresses.size === facts.known && !addresses.has(null) && (pods.length === 0 || isEachListed);
}

/**
Whether all replicas have the same settings for leg 2. `false` if two that were read differ, `true` only if all replicas were read and are
equal, otherwise `null`.
*/
export function replicasAgree(observations: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean | null {
	if (!haveSameSettings(flagObservations)) {
		return false;
	}

	const isAllSaid = flagObservations.every(observation => deciding.every(name => flagValue(observation, name) !== undefined));
	return isAllSaid && areAllReplicasRead(observations, flagObservations) ? true : null;
}

const deciding = ['kubelet-certificate-authority', 'egress-selector-config-file'] as const;

function haveSameSettings(flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	return deciding.every(name => new Set(flagObservations.flatMap(observation => flagValue(observation, name) ?? [])).size <= 1);
}

/** Apiservers that advertise a balancer's address share one endpoint, so without leases one endpoint does not mean one apiserver. */
function mayShareAnEndpoint({known, leases}: ReplicaFacts): boolean {
	return leases === null && known === 1;
}

/** Longest time between the start of an apiserver process and the creation of its lease. */
const maxLeaseDelayMs = 15_000;

/**
Whether apiservers with the same host name were seen to share a lease, which hides their number. This shows if spoke found more apiservers
than leases, or if the lease was created long after the examined process started: every apiserver deletes the lease of its host name when
it starts.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go Start
*/
function sharesItsLease({replicas, process, flags}: Observations, foundCount: number): boolean {
	const leases = replicas?.facts.leases ?? null;
	if (leases === null) {
		return false;
	}

	const own = flags.find(observation => process !== null && observation.process === process.facts.id);
	const address = own ? advertisedAddress(own) : null;
	const madeAt = leases.find(lease => address !== null && lease.address === address)?.madeAt;
	return (
		leases.length < foundCount || (process !== null && Date.parse(madeAt ?? '') - Date.parse(process.facts.startTime) > maxLeaseDelayMs)
	);
}

export function isSoleApiserver(observations: Observations): boolean {
	const facts = observations.replicas?.facts;
	if (facts?.known !== 1 || mayShareAnEndpoint(facts) || !isVerifiedApiserver(observations)) {
		return false;
	}

	const found = flagsPerProcess(observations);
	return found.length > 0 ? areAllReplicasRead(observations, found) : facts.addresses?.includes(farAddress(observations) ?? '') === true;
}

/** Whether the apiserver's address is the remote address of the socket, so that no load balancer sends the next connection elsewhere. */
function isAtFarEnd(observation: Observation<FlagFacts>, observations: Observations): boolean {
	const serverAddress = farAddress(observations);
	return (
		serverAddress !== null &&
		(observation.source === 'mirror-pod' ? podAddress(observation) : advertisedAddress(observation)) === serverAddress
	);
}

export function flagsAtOurAddress(observations: Observations): Observation<FlagFacts> | undefined {
	const serverAddress = farAddress(observations);
	return serverAddress === null
		? undefined
		: (observations.flags.find(
				observation => isFromSameProcess(observation, observations) && advertisedAddress(observation) === serverAddress,
			) ?? mirrorPodOfServer(observations));
}

/**
The mirror pod whose address is the remote address of the socket, if that is an address of the pod's own machine. Several apiservers can
advertise the address of a load balancer, and some of them may have no mirror pod. The socket must belong to this connection, because
another connection may lead to another address.
*/
export function mirrorPodOfServer(observations: Observations): Observation<FlagFacts> | undefined {
	const serverAddress = observations.socket?.connection === observations.connection ? farAddress(observations) : null;
	return serverAddress === null ? undefined : podOfAddress(serverAddress, observations.mirrorPods);
}

export function podOfAddress(address: string, mirrorPods: Observations['mirrorPods']): Observation<FlagFacts> | undefined {
	const found = mirrorPods.filter(pod => podAddress(pod) === address);
	return found.length === 1 && usesHostAddress(found[0]!) && isOnControlPlane(found[0]!) ? found[0] : undefined;
}

/** Any other node's kubelet can make up a pod of an apiserver, and its address. */
export function isOnControlPlane({facts}: Pick<Observation<FlagFacts>, 'facts'>): boolean {
	return facts.isOnControlPlane === true;
}

/** Whether no one but the control plane can have made up the flags. */
export function hasReliableFlags(observation: Observation<FlagFacts>): boolean {
	return observation.source === 'flagz' || isOnControlPlane(observation);
}

/** Whether the pod's address belongs to its machine. No server on another machine can listen on such an address. */
function usesHostAddress(pod: Observation<FlagFacts>): boolean {
	return pod.facts.hostAddresses?.some(address => hostPort(address, '') === `${hostOf(podAddress(pod))}:`) ?? false;
}

/** `ip:port` at which a process registers itself. `advertise-port`: of the apiserver in k3s, whose own server listens there. */
export function advertisedAddress({facts: {values}}: Pick<Observation<FlagFacts>, 'facts'>): string | null {
	const [host, port] = [values['advertise-address'] ?? '', values['advertise-port'] ?? values['secure-port'] ?? ''];
	return /^[\da-f.:]+$/i.test(host) && /^\d+$/.test(port) ? hostPort(host, port) : null;
}

function possiblePods(observations: Observations): ReadonlyArray<Observation<FlagFacts>> {
	const serverAddress = farAddress(observations);
	return observations.mirrorPods.filter(
		pod => serverAddress === null || hostOf(podAddress(pod)) !== hostOf(serverAddress) || podAddress(pod) === serverAddress,
	);
}

function isUnlisted({replicas}: Observations, observation: Observation<FlagFacts>): boolean {
	const own = observation.source === 'flagz' ? advertisedAddress(observation) : null;
	const listed = replicas?.facts.addresses ?? null;
	return own !== null && listed !== null && !listed.includes(own);
}

function podAddress(pod: Observation<FlagFacts>): string {
	const {values} = pod.facts;
	return hostPort(values['advertise-address'] ?? values['bind-address'] ?? pod.where, values['secure-port'] ?? '6443');
}

function hostPort(host: string, port: string): string {
	return /^[\da-f]*:[\da-f:.]+$/i.test(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function farAddress({socket}: Observations): string | null {
	return socket && endAddress(socket.facts);
}
