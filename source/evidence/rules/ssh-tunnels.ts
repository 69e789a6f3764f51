/** SSH tunnels (before 1.22): in use, impossible, or not known. */
import type {Basis, Citation, Observations, VersionFacts} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';
import type {RouteVerdict} from './second-leg-route.ts';
import {isSoleApiserver} from './replicas.ts';
import {isFromSameProcess} from './same-process.ts';
import {cite, basisOf} from './basis.ts';

/**
A flag or a counter that only an apiserver with SSH tunnels has. Where they are in use, all traffic to nodes goes through them.
@see https://github.com/kubernetes/kubernetes/pull/102297 (removed in 1.22)
*/
export function sshTunnels(grounds: Observations): RouteVerdict | undefined {
	const impossible = excludeSshByVersion(grounds);
	if (impossible) {
		return undefined;
	}

	const flag = resolveApiserverFlag(grounds, 'ssh-user', () => 'ssh-user-set');
	if (flag.known && flag.value !== '') {
		return ruling(flag.basis, flag.citations);
	}

	const counted = grounds.metrics.find(({facts}) => (facts.sshTunnels ?? 0) > 0);
	return counted && ruling('inferred', [cite(counted, 'ssh-tunnels-counted', `ssh_tunnel_open_count ${counted.facts.sshTunnels}`)]);
}

/**
Gone from the code since 1.22: proven for builds of the project itself; a vendor's suffix leaves a doubt. The version may be another apiserver's than
the one in question, which may be one minor version older: 1.22 itself tells only of whoever said it.
@see https://kubernetes.io/releases/version-skew-policy/#kube-apiserver
*/
export function excludeSshByVersion(grounds: Observations): {basis: Basis; citation: Citation} | undefined {
	const {version} = grounds;
	if (!version || !isAtLeast(version.facts, 1, 22)) {
		return undefined;
	}

	const isOfAll = isAtLeast(version.facts, 1, 23) || isFromSameProcess(version, grounds) || isSoleApiserver(grounds);
	return {
		basis: version.facts.upstream && isOfAll ? 'proven' : 'inferred',
		citation: cite(version, 'ssh-tunnels-removed-in-1.22', version.facts.gitVersion),
	};
}

/** How surely no SSH tunnel is in use: by the version, or by flags that name none. Never less than inferred. */
export function sshExclusionBasis(grounds: Observations): Basis {
	const own = grounds.flags.find(reading => isFromSameProcess(reading, grounds));
	// A structured /flagz names every flag there is.
	const byFlagz = own && own.facts.absent === 'unknown' && own.facts.values['ssh-user'] === undefined && basisOf(own, grounds) === 'proven';
	const flag = resolveApiserverFlag(grounds, 'ssh-user', () => 'ssh-user-empty');
	const bases: readonly Basis[] = [
		excludeSshByVersion(grounds)?.basis ?? 'inferred',
		byFlagz ? 'proven' : 'inferred',
		flag.known && flag.value === '' ? flag.basis : 'inferred',
	];
	return bases.includes('proven') ? 'proven' : 'inferred';
}

/** By the version that the apiserver tells. */
export function isAtLeast({major, minor}: VersionFacts, wantedMajor: number, wantedMinor: number): boolean {
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function ruling(basis: Basis, because: readonly Citation[]): RouteVerdict {
	return {state: 'ssh-tunnel', basis, because, need: [], protocol: 'ssh', agent: null};
}
