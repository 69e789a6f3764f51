/** Whether leg 2 may use a proxy from the apiserver's environment. */
import type {Citation, ConnectionPurpose, FlagFacts, Observations, Observation} from '../evidence.ts';
import {isBound} from './authors.ts';
import {cite} from './claims.ts';
import {isFromSameProcess} from './same-process.ts';

/**
Requests other than upgrades (logs, and the proxies) honor HTTP(S)_PROXY and NO_PROXY; upgrades are dialed without them.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/dial.go DialURL
*/
export function honorsEnvironmentProxy({feature}: ConnectionPurpose): boolean {
	return feature === 'logs' || feature === 'node-proxy' || feature === 'pod-proxy' || feature === 'service-proxy';
}

/**
Reads the mirror pods that may be this process: `false` if one sets a proxy, `undefined` if unknown. Without a proxy it returns what implies
that there is none. A pod does not prove it: its image and the container runtime (CRI-O's default_env) can add to its environment.
*/
export function environmentProxyExclusion(observations: Observations): false | Citation | undefined {
	const own = isBound(observations.scope)
		? observations.flags.find(observation => isFromSameProcess(observation, observations))
		: undefined;
	const candidates = own ? observations.mirrorPods.filter(pod => isOfProcess(pod, own)) : observations.mirrorPods;
	if (candidates.some(({facts}) => facts.proxyEnvironment === true)) {
		return false;
	}

	const [first] = candidates;
	if (!first || candidates.some(({facts}) => facts.proxyEnvironment === null)) {
		return undefined;
	}

	return cite(observations, first, 'no-proxy-in-environment', 'the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY');
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
