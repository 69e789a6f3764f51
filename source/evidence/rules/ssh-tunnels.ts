/** SSH tunnels (before 1.22): in use, impossible, or unknown. */
import type {Basis, Citation, Observations, RouteState} from '../evidence.ts';
import {type FlagResult, resolveApiserverFlag} from './apiserver-flag.ts';
import {authorsOf, isFromAnotherApiserver, trustIn, type Claim, cite} from './claims.ts';
import {isVersionAtLeast} from './first-leg.ts';
import {isSoleApiserver, isFromSameProcess} from './replicas.ts';

/** `--ssh-user`, of apiservers that have it. */
export function sshUserFlag(observations: Observations): FlagResult {
	return excludeSshByVersion(observations)
		? {known: false, differs: false, citations: []}
		: resolveApiserverFlag(observations, 'ssh-user', () => 'ssh-user-set');
}

/**
A flag or a metric that only an apiserver with SSH tunnels has. If they are in use, all traffic to nodes goes through them.
@see https://github.com/kubernetes/kubernetes/pull/102297 (removed in 1.22)
*/
export function sshTunnelClaims(observations: Observations, flag: FlagResult): ReadonlyArray<Claim<RouteState>> {
	if (excludeSshByVersion(observations)) {
		return [];
	}

	const counted = observations.metrics.find(({facts}) => (facts.sshTunnels ?? 0) > 0);
	return [
		...(flag.known && flag.value !== '' ? flag.claims<RouteState>('ssh-tunnel') : []),
		...(counted
			? [
					{
						state: 'ssh-tunnel' as const,
						citations: [cite(observations, counted, 'ssh-tunnels-counted', `ssh_tunnel_open_count ${counted.facts.sshTunnels}`)],
						isIndirect: true,
						isFromAnotherApiserver: isFromAnotherApiserver(counted, observations),
					},
				]
			: []),
	];
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
		citation: cite(observations, version, 'ssh-tunnels-removed-in-1.22', version.facts.gitVersion),
	};
}

/** Whether the version, or flags without an SSH tunnel, certainly exclude SSH tunnels. */
export function isSshExcluded(observations: Observations): boolean {
	if (excludeSshByVersion(observations)?.basis === 'proven') {
		return true;
	}

	const flag = resolveApiserverFlag(observations, 'ssh-user');
	const own = observations.flags.find(observation => isFromSameProcess(observation, observations));
	// A structured /flagz names every flag.
	return flag.known ? flag.value === '' && flag.basis === 'proven' : own !== undefined && trustIn(authorsOf(own, observations)) === 'own';
}
