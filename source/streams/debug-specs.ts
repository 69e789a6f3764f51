/** Builds the ephemeral containers and pods that `debug` creates. */
import {randomInt} from 'node:crypto';
import type {V1Container, V1EnvVar, V1EphemeralContainer, V1ObjectMeta, V1PodSpec, V1SecurityContext} from '@kubernetes/client-node';
import {SpokeError} from '../base/errors/spoke-error.ts';
import type {PodObject} from '../cluster/targets/pod-object.ts';
import type {Json} from '../wire/json.ts';

export type DebugRequest = {
	/** `null` for a random one. */
	name: string | null;
	image: string | null;
	stdin: boolean;
	tty: boolean;
	command: readonly string[];
	/** Keeps the image's entry point. */
	argumentsOnly?: boolean;
	env?: ReadonlyArray<Json<V1EnvVar>>;
	imagePullPolicy?: string | null;
	profile: DebugProfile;
};

export type CopyRequest = DebugRequest & {
	copyName: string;
	/** Images by container; `*` is the default. */
	images: ReadonlyMap<string, string>;
	sameNode: boolean;
	/** `null` leaves it to the profile. */
	shareProcesses: boolean | null;
	keep: Readonly<Record<'labels' | 'annotations' | 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'initContainers', boolean>>;
};

/** Where the user is asked. */
export const defaultDebugImage = 'busybox:stable';

export type EphemeralContainer = Json<V1EphemeralContainer>;
export type NewPod = {apiVersion: 'v1'; kind: 'Pod'; metadata: Json<V1ObjectMeta> & {name: string}; spec: PodSpec};
type Container = Json<V1Container>;
type PodSpec = Json<V1PodSpec>;

type DebugStyle = 'ephemeral' | 'copy' | 'node';

type SecurityContext = Json<V1SecurityContext>;

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

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/debug/debug.go generateDebugContainer */
export function ephemeralContainer(pod: PodObject, request: DebugRequest, target: string | null): EphemeralContainer {
	return {
		...newContainer(request.name ?? unusedContainerName(pod), request),
		...withSecurity(debugSecurityContext(request.profile, 'ephemeral')),
		...(target !== null && {targetContainerName: target}),
	};
}

/**
`container` is `null` if only images change.
@throws SpokeError ERR_USAGE for a new container without an image
@see debug.go generatePodCopyWithDebugContainer
*/
export function podCopy(pod: PodObject, request: CopyRequest): {pod: NewPod; container: string | null} {
	const {
		metadata: {namespace, labels, annotations},
	} = pod;
	const {ephemeralContainers: _, nodeName, ...kept} = structuredClone(pod.spec) as PodSpec;
	const spec: PodSpec = {...kept, ...(request.sameNode && nodeName !== undefined && {nodeName})};
	if (request.shareProcesses !== null) {
		spec.shareProcessNamespace = request.shareProcesses;
	}

	for (const container of spec.containers) {
		const image = request.images.get(container.name) ?? request.images.get('*');
		container.image = image ?? container.image!;
	}

	const copy: NewPod = {
		apiVersion: 'v1',
		kind: 'Pod',
		spec,
		metadata: {
			name: request.copyName,
			...(namespace !== undefined && {namespace}),
			...(labels && {labels}),
			...(annotations && {annotations}),
		},
	};
	const existing = [...spec.containers, ...(spec.initContainers ?? [])].find(({name}) => name === request.name);
	if (!existing && request.image === null) {
		if (request.images.size > 0) {
			return {pod: copy, container: null};
		}

		throw new SpokeError('ERR_USAGE', 'you must specify image when creating new container');
	}

	const container: Container = existing ?? {
		name: request.name ?? unusedContainerName({...pod, spec: {...pod.spec, ephemeralContainers: []}}),
		terminationMessagePolicy: 'File',
	};
	if (!existing) {
		spec.containers.push(container);
	}

	changeContainer(container, request);
	const {securityContext: own} = container;
	delete container.securityContext;
	Object.assign(container, withSecurity(debugSecurityContext(request.profile, 'copy', own)));
	removeUnkept(copy, request);
	return {pod: copy, container: container.name};
}

/** @see debug.go generateNodeDebugPod */
export function nodePod(node: string, request: DebugRequest): NewPod {
	const container = {
		...newContainer(request.name ?? 'debugger', request),
		...withSecurity(debugSecurityContext(request.profile, 'node')),
		...(mountsHostRoot(request.profile) && {volumeMounts: [{name: 'host-root', mountPath: '/host'}]}),
	};
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: `node-debugger-${node}-${randomSuffix()}`, labels: {'app.kubernetes.io/managed-by': 'kubectl-debug'}},
		spec: {
			containers: [container],
			nodeName: node,
			restartPolicy: 'Never',
			tolerations: [{operator: 'Exists'}],
			...(usesHostNamespaces(request.profile) && {hostNetwork: true, hostPID: true, hostIPC: true}),
			...(mountsHostRoot(request.profile) && {volumes: [{name: 'host-root', hostPath: {path: '/'}}]}),
		},
	};
}

/** Capabilities and privilege have no effect if the pod sets a non-root user. @see debug.go displayWarning */
export function losesCapabilities({spec}: PodObject, context: SecurityContext | undefined): boolean {
	const {securityContext: {runAsUser = 0} = {}} = spec as PodSpec;
	return (
		runAsUser !== 0 &&
		context !== undefined &&
		context.runAsUser !== 0 &&
		(context.privileged === true || (context.capabilities?.add ?? []).length > 0)
	);
}

function unusedContainerName({spec}: PodObject): string {
	const taken = new Set([...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({name}) => name));
	for (;;) {
		const name = `debugger-${randomSuffix()}`;
		if (!taken.has(name)) {
			return name;
		}
	}
}

function newContainer(
	name: string,
	{image, stdin, tty, command, argumentsOnly = false, env = [], imagePullPolicy = null}: DebugRequest,
): Container {
	return {
		name,
		...(image !== null && {image}),
		...(command.length > 0 && {[argumentsOnly ? 'args' : 'command']: [...command]}),
		...(env.length > 0 && {env: [...env]}),
		...(imagePullPolicy !== null && {imagePullPolicy}),
		...(stdin && {stdin}),
		...(tty && {tty}),
		terminationMessagePolicy: 'File',
	};
}

/** As in kubectl, keeps fields that were not requested, except stdin and tty. */
function changeContainer(container: Container, request: DebugRequest): void {
	const {stdin, tty, ...changes} = newContainer(container.name, request);
	delete changes.terminationMessagePolicy;
	delete container.stdin;
	delete container.tty;
	if (changes.command !== undefined) {
		delete container.args;
	}

	Object.assign(container, changes, stdin === true && {stdin}, tty === true && {tty});
}

function withSecurity(securityContext: SecurityContext | undefined): {securityContext?: SecurityContext} {
	return securityContext === undefined ? {} : {securityContext};
}

/** The legacy profile always removes labels, and nothing else. */
function removeUnkept({metadata, spec}: NewPod, {profile, keep}: CopyRequest): void {
	if (profile === 'legacy' || !keep.labels) {
		delete metadata.labels;
	}

	if (profile === 'legacy') {
		return;
	}

	if (!keep.annotations) {
		delete metadata.annotations;
	}

	for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
		for (const container of keep[probe] ? [] : spec.containers) {
			Reflect.deleteProperty(container, probe);
		}
	}

	if (!keep.initContainers) {
		delete spec.initContainers;
	}

	spec.shareProcessNamespace ??= true;
}

function randomSuffix(): string {
	const letters = 'bcdfghjklmnpqrstvwxz2456789';
	return Array.from({length: 5}, () => letters[randomInt(letters.length)]).join('');
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/debug/profiles.go */
function debugSecurityContext(profile: DebugProfile, style: DebugStyle, own?: SecurityContext): SecurityContext | undefined {
	return {
		legacy: own,
		general: style === 'node' ? undefined : withCapabilities(own, ['SYS_PTRACE']),
		baseline: undefined,
		restricted: {
			allowPrivilegeEscalation: false,
			capabilities: {drop: ['ALL']},
			runAsNonRoot: true,
			seccompProfile: {type: 'RuntimeDefault'},
		},
		netadmin: withCapabilities(own, ['NET_ADMIN', 'NET_RAW']),
		sysadmin: {...own, privileged: true},
	}[profile];
}

function usesHostNamespaces(profile: DebugProfile): boolean {
	return profile !== 'baseline' && profile !== 'restricted';
}

function mountsHostRoot(profile: DebugProfile): boolean {
	return profile === 'legacy' || profile === 'general' || profile === 'sysadmin';
}

function withCapabilities(own: SecurityContext | undefined, added: readonly string[]): SecurityContext {
	return {...own, capabilities: {...own?.capabilities, add: [...(own?.capabilities?.add ?? []), ...added]}};
}
