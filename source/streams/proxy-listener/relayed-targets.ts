/** The node, pod or service in an API path. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {parseProxyTarget, type ProxyTarget} from '../../targets/proxy-target.ts';
import type {ConnectionPurpose, StreamFeature} from '../connection-observer.ts';
import {normalizedPaths} from '../proxy/command-path.ts';
import {resolveProxyTarget, type ResolvedProxyTarget} from '../proxy/resolve-proxy-target.ts';
import {hasStreamGate} from '../stream-gate.ts';
import {endsAtApiserver} from './path-end.ts';
import {hasDotSegments} from './request-filter.ts';

/** Requests of a page come in bursts; service ports rarely change. */
const maxAgeMs = 30_000;

const proxied = /^\/api\/v1\/(?:namespaces\/([^/]+)\/(pods|services)|(nodes))\/([^/]+)\/proxy(?=\/|$|\?)/;

const podStream = /^(\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+))\/(log|exec|attach|portforward)(?=$|\?)/;

const features: ReadonlyMap<string | undefined, StreamFeature> = new Map([
	['log', 'logs'],
	['exec', 'exec'],
	['attach', 'attach'],
	['portforward', 'port-forward'],
]);

export type RelayedTarget = {base: string; rest: string; purpose: ConnectionPurpose};

type TargetInPath = {kind: string; spelling: string; namespace: string};

export class RelayedTargets {
	readonly #cluster: ClusterClient;
	readonly #cache = new Map<string, {expiresAt: number; resolved: Promise<ResolvedProxyTarget>}>();

	constructor(cluster: ClusterClient) {
		this.#cluster = cluster;
	}

	/**
	`null` if the path ends at the apiserver. Keeps the path's spelling.
	@throws SpokeError ERR_USAGE for a path that only a server may take for one that goes on; with a requirement, ERR_REQUIRE_UNDECIDED for
	one that the apiserver may not serve itself
	*/
	async find(path: string): Promise<RelayedTarget | null> {
		const [base, namespace, kind, node, spelling] = proxied.exec(path) ?? [];
		const stream = podStream.exec(path)?.[4];
		// An apiserver does not resolve dot segments, but a gateway can make another target, or another cluster, of them.
		if (hasDotSegments(path) || (base === undefined && stream === undefined && canLeaveApiserver(path))) {
			throw new SpokeError(
				'ERR_USAGE',
				`the path ${JSON.stringify(path)} must be written without percent-encoding, extra slashes and dot segments`,
				{remedy: 'write /proxy, /log, /exec, /attach or /portforward, and the separators before it, as they are'},
			);
		}

		if (!endsAtApiserver(path) && hasStreamGate(this.#cluster)) {
			throw new SpokeError('ERR_REQUIRE_UNDECIDED', `the path ${JSON.stringify(path)} may leave the apiserver for another server`, {
				remedy: 'a requirement or a policy holds for what the apiserver itself serves; use another proxy for aggregated and custom APIs',
			});
		}

		if (base === undefined || spelling === undefined) {
			return stream === 'log' ? this.#podStreamOf(path) : null;
		}

		return {
			...(await this.#resolveOnce(base, {kind: node ?? kind!, spelling: decodeSegment(spelling), namespace: namespace ?? ''})),
			rest: path.slice(base.length),
		};
	}

	/** Includes exec, attach and portforward, which the apiserver itself answers without an upgrade. */
	async findUpgraded(path: string): Promise<RelayedTarget | null> {
		return (await this.find(path)) ?? this.#podStreamOf(path);
	}

	async #podStreamOf(path: string): Promise<RelayedTarget | null> {
		const [base, pod, namespace, name, subresource] = podStream.exec(path) ?? [];
		const feature = features.get(subresource);
		if (base === undefined || pod === undefined || feature === undefined) {
			return null;
		}

		const query = new URLSearchParams(path.slice(base.length));
		const podObject = await this.#cluster.json<PodObject>({path: pod}).catch(() => null);
		const skips = query.get('insecureSkipTLSVerifyBackend');
		const asked = decodeSegment(name!);
		return {
			base,
			rest: path.slice(base.length),
			purpose: {
				feature,
				request: null,
				target: {
					asked,
					kind: 'Pod',
					namespace: decodeSegment(namespace!),
					name: asked,
					uid: podObject?.metadata.uid ?? null,
					node: podObject?.spec.nodeName ?? null,
					container: query.get('container'),
					chosenFrom: 1,
				},
				// Any value except "false" and "0" is true (apimachinery pkg/runtime/conversion.go).
				...(feature === 'logs' && skips !== null && !/^(?:false|0)$/i.test(skips) && {insecureSkipTlsVerifyBackend: true}),
			},
		};
	}

	async #resolveOnce(base: string, target: TargetInPath): Promise<ResolvedProxyTarget> {
		const cached = this.#cache.get(base);
		if (cached && cached.expiresAt > performance.now()) {
			return cached.resolved;
		}

		const resolved = this.#resolve(base, target);
		this.#cache.set(base, {expiresAt: performance.now() + maxAgeMs, resolved});
		resolved.catch(() => this.#cache.delete(base));
		if (this.#cache.size > 1000) {
			this.#cache.delete(this.#cache.keys().next().value!);
		}

		return resolved;
	}

	async #resolve(base: string, {kind, spelling, namespace}: TargetInPath): Promise<ResolvedProxyTarget> {
		const resolved = await resolveProxyTarget(
			this.#cluster,
			asApiserverParses(spelling, parseProxyTarget(`${kind}/${spelling}`)),
			namespace,
		);
		const {feature, request} = resolved.purpose;
		// A pod's named port must be sent as a number, and the kubelet's port not at all, so use the resolved base.
		const isRewritten = (feature === 'pod-proxy' && request.portName !== null) || request.kubeletPort === true;
		return isRewritten ? resolved : {...resolved, base};
	}
}

/** Whether a server that decodes or cleans the path, as the apiserver or a gateway does, can find a node, pod or service in it. */
function canLeaveApiserver(path: string): boolean {
	return normalizedPaths(path).some(spelling => leavesApiserver.test(spelling));
}

const leavesApiserver =
	/^\/api\/v1\/(?:namespaces\/[^/]+\/pods\/[^/]+\/(?:log|exec|attach|portforward)$|(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?:\/|$))/;

/** In a path, two parts are always name and port, even if the name looks like a scheme: SplitSchemeNamePort. */
function asApiserverParses(spelling: string, target: ProxyTarget): ProxyTarget {
	const [name = '', port = '', ...more] = spelling.split(':');
	return target.scheme !== null && more.length === 0 ? {...target, scheme: null, name, port} : target;
}

/** @throws SpokeError ERR_USAGE */
function decodeSegment(spelling: string): string {
	try {
		return decodeURIComponent(spelling);
	} catch (error) {
		throw new SpokeError('ERR_USAGE', `${JSON.stringify(spelling)} is not valid percent-encoding`, {cause: error});
	}
}
