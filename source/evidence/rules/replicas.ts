/** The known apiservers. */
import type {FlagFacts, Observations, Observation, ReplicaFacts} from '../evidence.ts';
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
		const own = possible.find(pod => doesTheSame([pod, process])) ?? possible[0];
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
A minimum. Apiservers with one host name share one identity lease, and one with `--endpoint-reconciler-type=none` has no endpoint, so any
that was found and is in neither list counts in addition. Several that share a lease and were never found look like one, because each renews
it in turn.
*/
export function knownReplicaCount(observations: Observations): number | null {
	const facts = observations.replicas?.facts;
	if (!facts || facts.known === null) {
		return null;
	}

	const met = flagsPerProcess(observations);
	const listed = Math.max(
		facts.known,
		met.length,
		(facts.addresses?.length ?? 0) + met.filter(observation => isUnlisted(observations, observation)).length,
	);
	return sharesItsLease(observations, met.length) ? Math.max(listed, (facts.leases?.length ?? 0) + 1) : listed;
}

/**
Every known replica was read, none twice, and none was found without a known lease or address; for mirror pods, exactly those that register.
If only one is known, only its own address at the connection's end excludes another one with the same host name and lease.
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
	const mayBeMore = (running.length > 0 && mayShareAnEndpoint(facts)) || (facts.leases === null && pods.some(pod => !usesHostAddress(pod)));
	// Two reads, one of them without a process id, may be of one apiserver.
	if (mayBeMore || (flagObservations.length > 1 && running.some(({process}) => process === null))) {
		return false;
	}

	const places = flagObservations
		.map(observation => (observation.source === 'mirror-pod' ? podAddress(observation) : (advertisedAddress(observation) ?? '')))
		.sort();
	return pods.length === 0 || (facts.addresses !== null && JSON.stringify(places) === JSON.stringify([...facts.addresses].sort()));
}

/** Settings for leg 2. A difference between two is enough for `false`; `true` only if all were read; otherwise `null`. */
export function replicasAgree(observations: Observations, flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean | null {
	if (!doesTheSame(flagObservations)) {
		return false;
	}

	const isAllSaid = flagObservations.every(observation => deciding.every(name => flagValue(observation, name) !== undefined));
	return isAllSaid && areAllReplicasRead(observations, flagObservations) ? true : null;
}

const deciding = ['kubelet-certificate-authority', 'egress-selector-config-file'] as const;

function doesTheSame(flagObservations: ReadonlyArray<Observation<FlagFacts>>): boolean {
	return deciding.every(name => new Set(flagObservations.flatMap(observation => flagValue(observation, name) ?? [])).size <= 1);
}

/** Apiservers that advertise a balancer's address share one endpoint, so without leases one endpoint does not mean one apiserver. */
function mayShareAnEndpoint({known, leases}: ReplicaFacts): boolean {
	return leases === null && known === 1;
}

/** Between the start of a process and its lease. */
const startsWithinMs = 15_000;

/**
Apiservers with one host name share a lease, so their number cannot be determined. Detected if more were found than there are leases, or if
the lease was created long after the examined process started: each deletes the lease of its name at its start.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go Start
*/
function sharesItsLease({replicas, process, flags}: Observations, met: number): boolean {
	const leases = replicas?.facts.leases ?? null;
	if (leases === null) {
		return false;
	}

	const own = flags.find(observation => process !== null && observation.process === process.facts.id);
	const address = own ? advertisedAddress(own) : null;
	const madeAt = leases.find(lease => address !== null && lease.address === address)?.madeAt;
	return leases.length < met || (process !== null && Date.parse(madeAt ?? '') - Date.parse(process.facts.startTime) > startsWithinMs);
}

export function isSoleApiserver(observations: Observations): boolean {
	const facts = observations.replicas?.facts;
	if (facts?.known !== 1 || mayShareAnEndpoint(facts) || !isVerifiedApiserver(observations)) {
		return false;
	}

	const met = flagsPerProcess(observations);
	return met.length > 0 ? areAllReplicasRead(observations, met) : facts.addresses?.includes(farAddress(observations) ?? '') === true;
}

/** At the address of the socket, so no balancer sends the next connection elsewhere. */
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
The mirror pod at the address of the socket, if that is its machine's own: several apiservers can advertise a balancer's address, and some
may have no pod. Another connection may lead to another address.
*/
export function mirrorPodOfServer(observations: Observations): Observation<FlagFacts> | undefined {
	const serverAddress = observations.socket?.connection === observations.connection ? farAddress(observations) : null;
	return serverAddress === null ? undefined : podOfAddress(serverAddress, observations.mirrorPods);
}

export function podOfAddress(address: string, mirrorPods: Observations['mirrorPods']): Observation<FlagFacts> | undefined {
	const found = mirrorPods.filter(pod => podAddress(pod) === address);
	return found.length === 1 && usesHostAddress(found[0]!) ? found[0] : undefined;
}

export function areAllMirrorPodsSeen(observations: Observations): boolean {
	return (observations.replicas?.facts.leases ?? null) !== null && observations.mirrorPods.length === knownReplicaCount(observations);
}

/** The address is its machine's own, where no other server can listen. */
export function usesHostAddress(pod: Observation<FlagFacts>): boolean {
	return pod.facts.hostAddresses?.some(address => hostPort(address, '') === `${hostOf(podAddress(pod))}:`) ?? false;
}

/** `ip:port` at which a process registers itself. */
export function advertisedAddress({facts: {values}}: Observation<FlagFacts>): string | null {
	const [host, port] = [values['advertise-address'] ?? '', values['secure-port'] ?? ''];
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
	return socket && !socket.facts.proxy ? socket.facts.remoteAddress : null;
}

function hostOf(address: string): string {
	return address.replace(/:\d+$/, '');
}
