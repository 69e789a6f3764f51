/** The known apiservers: their flags, processes and addresses. */
import type {FlagFacts, Observations, Observation, ReplicaFacts, SocketFacts} from '../evidence.ts';

/** Flags read from /flagz and, for processes that were not read, from mirror pods. */
export function flagsPerProcess(observations: Observations): ReadonlyArray<Observation<FlagFacts>> {
	const running = runningFlags(observations);
	return [...running, ...podsOfOthers(possiblePods(observations), running)];
}

function runningFlags({flags}: Observations): ReadonlyArray<Observation<FlagFacts>> {
	return [...new Map(flags.map(observation => [observation.process ?? observation.connection, observation])).values()];
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

export function leasesOf({replicas}: Pick<Observations, 'replicas'>): ReplicaFacts['leases'] {
	return replicas?.facts.leases ?? null;
}

/**
A lower bound for the number of apiservers. Apiservers with the same host name share one identity lease. An apiserver with
`--endpoint-reconciler-type=none` has no endpoint. So a found apiserver that neither list contains counts in addition. Apiservers that
share a lease and were not found count as one, because they renew the same lease in turn.
*/
export function knownReplicaCount(observations: Observations): number | null {
	const facts = observations.replicas?.facts;
	if (!facts) {
		return null;
	}

	const found = flagsPerProcess(observations);
	const listed = Math.max(
		facts.known,
		found.length,
		observations.unreadApiservers.length > 0 ? runningFlags(observations).length + 1 : 0,
		(facts.addresses?.length ?? 0) + found.filter(observation => isUnlisted(observations, observation)).length,
	);
	return sharesItsLease(observations, found.length) ? Math.max(listed, (facts.leases?.length ?? 0) + 1) : listed;
}

/**
Whether spoke read /flagz of every known replica exactly once, each at an address of its own, and found no replica without a known lease
or address. Without the leases, their number is unknown: apiservers that advertise a balancer's address share one endpoint. If one is known,
its address must also be the remote address of the connection: otherwise a second replica with the same host name and lease could exist.
*/
export function areAllReplicasRead(observations: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	const known = observations.replicas?.facts.known ?? null;
	const processes = new Set(flagObservations.map(({process}) => process));
	const addresses = new Set(flagObservations.map(observation => advertisedAddress(observation)));
	return (
		known !== null &&
		leasesOf(observations) !== null &&
		flagObservations.length === known &&
		flagObservations.every(({source}) => source === 'flagz') &&
		observations.unreadApiservers.length === 0 &&
		// Two reads, one of them without a process id, may be of one apiserver. One that restarted is two processes at one address.
		(known === 1 || (processes.size === known && !processes.has(null))) &&
		addresses.size === known &&
		!addresses.has(null) &&
		!flagObservations.some(observation => isUnlisted(observations, observation)) &&
		!sharesItsLease(observations, known) &&
		(known > 1 || addresses.has(farAddress(observations)))
	);
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

/** Longest time between the start of an apiserver process and the creation of its lease. */
const maxLeaseDelayMs = 15_000;

/**
Whether apiservers with the same host name were seen to share a lease, which hides their number. This shows if spoke found more apiservers
than leases, or if the lease was created long after the examined process started: every apiserver deletes the lease of its host name when
it starts.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go Start
*/
function sharesItsLease(observations: Observations, foundCount: number): boolean {
	const leases = leasesOf(observations);
	if (leases === null) {
		return false;
	}

	const {process, flags} = observations;
	const own = flags.find(observation => process !== null && observation.process === process.facts.id);
	const address = own ? advertisedAddress(own) : null;
	const madeAt = leases.find(lease => address !== null && lease.address === address)?.madeAt;
	return (
		leases.length < foundCount || (process !== null && Date.parse(madeAt ?? '') - Date.parse(process.facts.startTime) > maxLeaseDelayMs)
	);
}

export function isSoleApiserver(observations: Observations): boolean {
	return (
		isVerifiedApiserver(observations) &&
		knownReplicaCount(observations) === 1 &&
		areAllReplicasRead(observations, flagsPerProcess(observations))
	);
}

/** Whether the connection ends at the address of the flags' own process, so that no load balancer sends the next one elsewhere. */
export function isAtOwnAddress(observation: Observation<FlagFacts>, observations: Observations): boolean {
	const address = farAddress(observations);
	return address !== null && observation.source === 'flagz' && advertisedAddress(observation) === address;
}

/** The only mirror pod at the address where the connection ends. */
export function podAtOurAddress(observations: Observations): Observation<FlagFacts> | undefined {
	const address = observations.socket?.connection === observations.connection ? farAddress(observations) : null;
	const found = observations.mirrorPods.filter(pod => podAddress(pod) === address);
	return found.length === 1 ? found[0] : undefined;
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

function isUnlisted(observations: Observations, observation: Observation<FlagFacts>): boolean {
	const own = observation.source === 'flagz' ? advertisedAddress(observation) : null;
	const listed = observations.replicas?.facts.addresses;
	return own !== null && listed?.includes(own) === false;
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

/** A name missing from a full list is unknown; an argument that is not given has its default. */
export function flagValue({facts}: Observation<FlagFacts>, name: string): string | undefined {
	return facts.values[name] ?? (facts.absent === 'default' ? '' : undefined);
}

/** `null` if it says nothing about the server: through a proxy, and on loopback, where a port can be forwarded to any server. */
export function endAddress({proxy, remoteAddress, isMarkedAsSandbox}: SocketFacts): string | null {
	return proxy || remoteAddress === null || (isLoopback(hostOf(remoteAddress)) && !isMarkedAsSandbox) ? null : remoteAddress;
}

/** Of `ip:port`; an IPv6 address keeps its brackets. */
export function hostOf(address: string): string {
	return address.replace(/:\d+$/, '');
}

export function isLoopback(host: string): boolean {
	return /^(127\.\d+\.\d+\.\d+|\[?(::1|::ffff:127\.\d+\.\d+\.\d+)\]?|localhost)$/i.test(host);
}

export function isFromSameProcess(
	observation: Pick<Observation<unknown>, 'connection' | 'process'>,
	{connection, process}: Pick<Observations, 'connection' | 'process'>,
): boolean {
	return (
		(observation.connection !== null && observation.connection === connection) ||
		(observation.process !== null && observation.process === process?.facts.id)
	);
}

export function isFromOtherProcess(observation: Pick<Observation<unknown>, 'connection' | 'process'>, observations: Observations): boolean {
	return observation.process !== null && observations.process !== null && !isFromSameProcess(observation, observations);
}

/** Whether leg 1 is verified and ends at an apiserver, so that its statements about itself can be trusted. */
export function isVerifiedApiserver({serverIdentity, socket}: Pick<Observations, 'serverIdentity' | 'socket'>): boolean {
	return serverIdentity.to === 'apiserver' && isServerKnown(socket);
}

/** Whether the network cannot have answered instead of the server. */
export function isServerKnown(socket: Observations['socket']): boolean {
	return socket?.facts.tls?.verified === true;
}
