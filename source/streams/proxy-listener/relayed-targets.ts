/** The node, pod or service in an API path. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {parseProxyTarget, type ProxyTarget} from '../../cluster/targets/proxy-target.ts';
import type {ConnectionPurpose} from '../connection-observer.ts';
import {endOfPath, type PathEnd} from '../proxy/request-path.ts';
import {resolveProxyTarget, type ResolvedProxyTarget} from '../proxy/resolve-proxy-target.ts';
import {hasStreamGate} from '../stream-gate.ts';

/** Requests of a page come in bursts; service ports rarely change. */
const maxAgeMs = 30_000;

export type RelayedTarget = {base: string; rest: string; purpose: ConnectionPurpose};

type PathTo<At extends PathEnd['at']> = Extract<PathEnd, {at: At}>;

export class RelayedTargets {
	readonly #cluster: ClusterClient;
	readonly #cache = new Map<string, {expiresAt: number; resolved: Promise<ResolvedProxyTarget>}>();

	constructor(cluster: ClusterClient) {
		this.#cluster = cluster;
	}

	/**
	`null` if the apiserver itself answers, as it does to exec, attach and portforward without an upgrade. Keeps the path's spelling.
	@throws SpokeError ERR_USAGE for a path that only a server may take for one that goes on; with a requirement, ERR_REQUIRE_UNDECIDED for
	one that the apiserver may not serve itself
	*/
	async find(path: string, {isUpgrade = false}: {isUpgrade?: boolean} = {}): Promise<RelayedTarget | null> {
		const end = endOfPath(path);
		switch (end.at) {
			case 'pod': {
				return isUpgrade || end.feature === 'logs' ? this.#podStream(path.slice(end.base.length), end) : null;
			}

			case 'proxied': {
				return {...(await this.#resolveOnce(end)), rest: path.slice(end.base.length)};
			}

			case 'disguised': {
				throw new SpokeError(
					'ERR_USAGE',
					`the path ${JSON.stringify(path)} must be written without percent-encoding, extra slashes and dot segments`,
					{remedy: 'write /proxy, /log, /exec, /attach or /portforward, and the separators before it, as they are'},
				);
			}

			case 'elsewhere': {
				if (hasStreamGate(this.#cluster)) {
					throw new SpokeError('ERR_REQUIRE_UNDECIDED', `the path ${JSON.stringify(path)} may leave the apiserver for another server`, {
						remedy:
							'a requirement or a policy holds for what the apiserver itself serves; use another proxy for aggregated and custom APIs',
					});
				}

				return null;
			}

			case 'apiserver': {
				return null;
			}
		}
	}

	async #podStream(rest: string, {base, object, namespace, name, feature}: PathTo<'pod'>): Promise<RelayedTarget> {
		const query = new URLSearchParams(rest);
		const podObject = await this.#cluster.json<PodObject>({path: object}).catch(() => null);
		const skips = query.get('insecureSkipTLSVerifyBackend');
		const asked = decodeSegment(name);
		return {
			base,
			rest,
			purpose: {
				feature,
				request: null,
				target: {
					asked,
					kind: 'Pod',
					namespace: decodeSegment(namespace),
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

	async #resolveOnce(end: PathTo<'proxied'>): Promise<ResolvedProxyTarget> {
		const {base} = end;
		const cached = this.#cache.get(base);
		if (cached && cached.expiresAt > performance.now()) {
			return cached.resolved;
		}

		const resolved = this.#resolve(end);
		this.#cache.set(base, {expiresAt: performance.now() + maxAgeMs, resolved});
		resolved.catch(() => this.#cache.delete(base));
		if (this.#cache.size > 1000) {
			this.#cache.delete(this.#cache.keys().next().value!);
		}

		return resolved;
	}

	async #resolve({base, kind, spelling: encoded, namespace}: PathTo<'proxied'>): Promise<ResolvedProxyTarget> {
		const spelling = decodeSegment(encoded);
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
