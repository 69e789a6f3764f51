/** Security settings of kubectl's debug profiles. */
import type {V1SecurityContext} from '@kubernetes/client-node';
import type {Json} from '../wire/json.ts';

export type DebugStyle = 'ephemeral' | 'copy' | 'node';

export type SecurityContext = Json<V1SecurityContext>;

export const profileDescriptions = {
	general: 'can trace processes',
	baseline: 'nothing beyond its image',
	restricted: 'no root, no capabilities',
	netadmin: 'can change the network',
	sysadmin: 'privileged',
	legacy: 'as baseline',
} as const;

export type DebugProfile = keyof typeof profileDescriptions;

export const debugProfiles = Object.keys(profileDescriptions) as readonly DebugProfile[];

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/debug/profiles.go */
export function debugSecurityContext(profile: DebugProfile, style: DebugStyle, own?: SecurityContext): SecurityContext | undefined {
	switch (profile) {
		case 'legacy': {
			return own;
		}

		case 'general': {
			return style === 'node' ? undefined : withCapabilities(own, ['SYS_PTRACE']);
		}

		case 'baseline': {
			return undefined;
		}

		case 'restricted': {
			return {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}, runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}};
		}

		case 'netadmin': {
			return withCapabilities(own, ['NET_ADMIN', 'NET_RAW']);
		}

		case 'sysadmin': {
			return {...own, privileged: true};
		}
	}
}

export function usesHostNamespaces(profile: DebugProfile): boolean {
	return profile !== 'baseline' && profile !== 'restricted';
}

export function mountsHostRoot(profile: DebugProfile): boolean {
	return profile === 'legacy' || profile === 'general' || profile === 'sysadmin';
}

function withCapabilities(own: SecurityContext | undefined, added: readonly string[]): SecurityContext {
	return {...own, capabilities: {...own?.capabilities, add: [...(own?.capabilities?.add ?? []), ...added]}};
}
