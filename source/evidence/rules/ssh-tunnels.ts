/** SSH tunnels (before 1.22): in use, impossible, or unknown. */
import type {Basis, Citation, Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {isVersionAtLeast} from './is-version-at-least.ts';
import {isSoleApiserver} from './replicas.ts';
import {isFromSameProcess} from './same-process.ts';
import {cite, basisOf} from './basis.ts';

/**
A flag or a metric that only an apiserver with SSH tunnels has. If they are in use, all traffic to nodes goes through them.
@see https://github.com/kubernetes/kubernetes/pull/102297 (removed in 1.22)
*/
export function sshTunnels(observations: Observations): RouteVerdict | undefined {
	const impossible = excludeSshByVersion(observations);
	if (impossible) {
		return undefined;
	}

	const flag = resolveApiserverFlag(observations, 'ssh-user', () => 'ssh-user-set');
	if (flag.known && flag.value !== '') {
		return verdict(flag.basis, flag.citations);
	}

	const counted = observations.metrics.find(({facts}) => (facts.sshTunnels ?? 0) > 0);
	return counted && verdict('inferred', [cite(counted, 'ssh-tunnels-counted', `ssh_tunnel_open_count ${counted.facts.sshTunnels}`)]);
}

/**
Removed in 1.22: proven for upstream builds; a vendor's suffix leaves doubt. The version may be another apiserver's, and the one in question
may be one minor version older, so 1.22 itself holds only for the apiserver that reported it.
@see https://kubernetes.io/releases/version-skew-policy/#kube-apiserver
*/
export function excludeSshByVersion(observations: Observations): {basis: Basis; citation: Citation} | undefined {
	const {version} = observations;
	if (!version || !isVersionAtLeast(version.facts, 1, 22)) {
		return undefined;
	}

	const isOfAll = isVersionAtLeast(version.facts, 1, 23) || isFromSameProcess(version, observations) || isSoleApiserver(observations);
	return {
		basis: version.facts.upstream && isOfAll ? 'proven' : 'inferred',
		citation: cite(version, 'ssh-tunnels-removed-in-1.22', version.facts.gitVersion),
	};
}

/** The basis on which the version, or flags without an SSH tunnel, exclude SSH tunnels; at least inferred. */
export function sshExclusionBasis(observations: Observations): Basis {
	const own = observations.flags.find(observation => isFromSameProcess(observation, observations));
	// A structured /flagz names every flag.
	const byFlagz =
		own && own.facts.absent === 'unknown' && own.facts.values['ssh-user'] === undefined && basisOf(own, observations) === 'proven';
	const flag = resolveApiserverFlag(observations, 'ssh-user');
	const bases: readonly Basis[] = [
		excludeSshByVersion(observations)?.basis ?? 'inferred',
		byFlagz ? 'proven' : 'inferred',
		flag.known && flag.value === '' ? flag.basis : 'inferred',
	];
	return bases.includes('proven') ? 'proven' : 'inferred';
}

function verdict(basis: Basis, citations: readonly Citation[]): RouteVerdict {
	return {state: 'ssh-tunnel', basis, citations, need: [], protocol: 'ssh', agent: null};
}
