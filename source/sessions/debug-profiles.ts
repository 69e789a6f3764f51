/** What may a debug container do? */

/**
Kubectl's profiles for ephemeral containers: `general`, its default, may trace the processes that it sees; `baseline` and `restricted` fit a namespace's Pod Security Standard of that name;
`netadmin` may change the pod's network; `sysadmin` is privileged; `legacy` asks for nothing, as kubectl did before 1.24.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/debug/profiles.go
*/
export const securityContexts = {
	general: {capabilities: {add: ['SYS_PTRACE']}},
	baseline: null,
	restricted: {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}, runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}},
	netadmin: {capabilities: {add: ['NET_ADMIN', 'NET_RAW']}},
	sysadmin: {privileged: true},
	legacy: null,
} as const;

/** What each allows, in a few words. */
export const profileWords: Readonly<Record<DebugProfile, string>> = {
	general: 'may trace processes',
	baseline: 'no more than its image',
	restricted: 'no root, no capabilities',
	netadmin: 'may change the network',
	sysadmin: 'privileged',
	legacy: 'as baseline',
};

export type DebugProfile = keyof typeof securityContexts;

export const debugProfiles = Object.keys(securityContexts) as readonly DebugProfile[];
