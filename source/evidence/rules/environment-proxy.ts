/** Whether leg 2 may use a proxy from the apiserver's environment. */
import type {Basis, Citation, ConnectionPurpose, FlagFacts, Observations, Observation} from '../evidence.ts';
import {areAllReplicasRead, areAllMirrorPodsSeen, isOnControlPlane, usesHostAddress} from './replicas.ts';
import {isVerifiedApiserver, isFromSameProcess} from './same-process.ts';
import {cite} from './basis.ts';

/**
Requests other than upgrades (logs, and the proxies) honor HTTP(S)_PROXY and NO_PROXY; upgrades are dialed without them.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/dial.go DialURL
*/
export function honorsEnvironmentProxy({feature}: ConnectionPurpose): boolean {
	return feature === 'logs' || feature === 'node-proxy' || feature === 'pod-proxy' || feature === 'service-proxy';
}

/** Reads the mirror pods that may be this process: returns the basis for no proxy, `false` if a proxy is set, `undefined` if unknown. */
export function isEnvironmentProxyExcluded(observations: Observations): false | {basis: Basis; citation: Citation} | undefined {
	const own = observations.isBound ? observations.flags.find(observation => isFromSameProcess(observation, observations)) : undefined;
	const candidates = own ? observations.mirrorPods.filter(pod => isOfProcess(pod, own)) : observations.mirrorPods;
	if (candidates.some(({facts}) => facts.proxyEnvironment === true)) {
		return false;
	}

	const [first] = candidates;
	if (!first || candidates.some(({facts}) => facts.proxyEnvironment === null)) {
		return undefined;
	}

	const isBound = own
		? candidates.length === 1 && isOnControlPlane(first) && (usesHostAddress(first) || areAllMirrorPodsSeen(observations))
		: areAllReplicasRead(observations, candidates);
	return {
		basis: isBound && isVerifiedApiserver(observations) ? 'proven' : 'inferred',
		citation: cite(first, 'no-proxy-in-environment', 'no HTTP_PROXY or HTTPS_PROXY in the environment of the apiserver’s pod'),
	};
}

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/** The process reports every argument of the pod; an own address among them distinguishes replicas. */
function isOfProcess({facts: pod}: Observation<FlagFacts>, {facts: process}: Observation<FlagFacts>): boolean {
	const plain = (value: string) => value.replaceAll(/[[\]"\s]/g, '');
	const shared = Object.entries(pod.values).filter(([name]) => process.values[name] !== undefined);
	return (
		shared.some(([name, value]) => name === 'advertise-address' || (name === 'bind-address' && !anyAddress.has(plain(value)))) &&
		shared.every(([name, value]) => plain(value) === plain(process.values[name]!))
	);
}
