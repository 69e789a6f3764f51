/** Audit rows N4 to N6: control plane components. */
import {isLoopback} from '../../cluster/transport/server-url.ts';
import type {Citation, ComponentPod} from '../evidence.ts';
import {resolveApiserverFlag, type FlagResult} from '../rules/apiserver-flag.ts';
import {needsOfEach, needMirrorPods, needComponentHosts, remedies} from '../rules/needs.ts';
import {isVersionAtLeast} from '../rules/first-leg.ts';
import {cite} from '../rules/claims.ts';
import type {RowResult} from './audit-object.ts';
import {rowResult, unknownRow, unmetNeeds} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

/** N4: components use the secure port, the only one since 1.24. */
export function componentsToApiserver(audit: AuditObservations): RowResult {
	const {version} = audit.examined.shared;
	const components = componentsOf(audit).filter(({component}) => isComponent(component));
	const citations = citeComponents(
		audit,
		'component-kubeconfig',
		components,
		({pod, component, flags}) =>
			`${component} in ${pod}: ${['master', 'kubeconfig'].flatMap(name => (flags.values[name] === undefined ? [] : [`--${name}=${flags.values[name]}`])).join(' ') || 'neither --master nor --kubeconfig'}`,
	);
	const plain = components.filter(({flags}) => (flags.values['master'] ?? '').startsWith('http://'));
	if (plain.length > 0) {
		return rowResult('fail', 'plain', 'inferred', 'A component talks to the apiserver by plain HTTP', {
			citations,
			exceptions: plain.map(({pod}) => pod),
			remedy: 'use --kubeconfig with an https server instead of --master',
		});
	}

	if (version && isVersionAtLeast(version.facts, 1, 24)) {
		return rowResult(
			'pass',
			'https',
			version.facts.upstream ? 'proven' : 'inferred',
			'The apiserver has no insecure port since 1.24, so components use TLS; whether they verify it is in their kubeconfig files',
			{citations: [...citations, cite(audit.observations('exec'), version, 'no-insecure-port-since-1.24', version.facts.gitVersion)]},
		);
	}

	return components.length > 0
		? rowResult('pass', 'https', 'inferred', 'Components use a kubeconfig; its server is in a file that spoke cannot read', {citations})
		: unknownRow('How components reach the apiserver is unknown', unmetNeeds([needMirrorPods], audit, needComponentHosts), {citations});
}

export function nodeToControlPlaneSummary(rows: ReadonlyArray<{id: string; result: RowResult}>, audit: AuditObservations): RowResult {
	const observations = audit.observations('exec');
	const {socket, serverIdentity} = observations;
	const isOwnVerified = socket?.facts.tls?.verified === true;
	const citations = socket
		? [
				cite(
					observations,
					socket,
					'own-first-leg',
					isOwnVerified ? 'your own connection is verified' : 'your own connection is not verified',
				),
			]
		: [];
	const failing = rows.filter(({result}) => result.verdict === 'fail');
	const failed = failing.map(({id}) => id);
	const unknown = rows.filter(({result}) => result.verdict === 'unknown').map(({id}) => id);
	const warned = rows.filter(({result}) => result.verdict === 'warn').map(({id}) => id);
	if (failed.length > 0 || !socket?.facts.tls) {
		const remedy = [...new Set(failing.flatMap(({result}) => result.remedy ?? []))].join('; ');
		const basis = failed.length === 0 || failing.some(({result}) => result.basis === 'proven') ? 'proven' : 'inferred';
		return rowResult(
			'fail',
			'not-secured',
			basis,
			failed.length > 0 ? `Not as documented: ${failed.join(', ')}` : 'Your own connection is plain HTTP',
			{citations, remedy: failed.length > 0 ? remedy || null : 'use the https server address in the kubeconfig'},
		);
	}

	if (unknown.length > 0) {
		return unknownRow(
			`Unknown: ${unknown.join(', ')}`,
			needsOfEach(...rows.map(({result}) => (result.verdict === 'unknown' ? result.need : []))),
			{citations},
		);
	}

	if (!isOwnVerified || (serverIdentity.to !== 'apiserver' && !serverIdentity.hasApiserverCertificate)) {
		return rowResult(
			'warn',
			'your-leg',
			'proven',
			isOwnVerified
				? `It is not certain that an apiserver responds to you: ${serverIdentity.why}`
				: 'Secured for nodes; your own connection does not verify the apiserver',
			{citations},
		);
	}

	return warned.length > 0
		? rowResult('warn', 'secured', 'inferred', `Secured as documented; warnings: ${warned.join(', ')}`, {citations})
		: rowResult('pass', 'secured', 'inferred', 'As documented: HTTPS, authenticated and authorized, so it can cross untrusted networks', {
				citations,
			});
}

/** N6: no other component should be reachable from outside. */
export function restOfControlPlane(audit: AuditObservations): RowResult {
	const seen = componentsOf(audit);
	const etcd = resolveApiserverFlag(audit.observations('exec'), 'etcd-servers');
	const citations: Citation[] = [
		...(etcd.known ? etcd.citations : []),
		...citeComponents(
			audit,
			'component-addresses',
			seen.filter(({component}) => component !== 'kube-apiserver'),
			addressesOf,
		),
	];
	const exposed = exposedEtcds(seen, etcd);
	if (exposed.length > 0) {
		return rowResult('fail', 'exposed', 'inferred', 'etcd can be reached without TLS or without a client certificate', {
			citations,
			exceptions: exposed,
			remedy: remedies.etcd,
		});
	}

	const listening = componentsBeyondLoopback(seen);
	if (listening.length > 0) {
		return rowResult('warn', 'listening', 'inferred', 'A component listens beyond loopback (TLS with the apiserver’s own authorization)', {
			citations,
			exceptions: listening.map(({pod}) => pod),
			remedy: remedies.componentBind,
		});
	}

	return seen.some(({component}) => component !== 'kube-apiserver')
		? rowResult('pass', 'internal', 'inferred', 'The observed components listen on loopback or ask for client certificates', {citations})
		: unobservedRow(audit, etcd, citations);
}

function exposedEtcds(seen: readonly ComponentPod[], servers: FlagResult): string[] {
	const etcds = seen.filter(({component}) => component === 'etcd');
	const plainServers = servers.known ? urlsOf(servers.value).filter(url => isPlainAndRemote(url)) : [];
	return [
		...plainServers.map(url => `etcd at ${url}: plain HTTP beyond loopback`),
		...etcds.flatMap(({pod, flags}) =>
			clientUrlsOf(flags)
				.filter(url => isPlainAndRemote(url))
				.map(url => `${pod} listens on ${url}`),
		),
		...etcds
			.filter(
				({flags}) => (flagOrDefault(flags, 'client-cert-auth') ?? 'true') !== 'true' && clientUrlsOf(flags).some(url => !isLocal(url)),
			)
			.map(({pod}) => `${pod} does not ask for a client certificate`),
	];
}

function clientUrlsOf({values}: ComponentPod['flags']): string[] {
	return urlsOf(values['listen-client-urls'] ?? '');
}

function componentsBeyondLoopback(seen: readonly ComponentPod[]): ComponentPod[] {
	return seen.filter(
		({component, flags}) => isComponent(component) && !isLoopback(flagOrDefault(flags, 'bind-address', '0.0.0.0') ?? '127.0.0.1'),
	);
}

function unobservedRow(audit: AuditObservations, etcd: FlagResult, citations: readonly Citation[]): RowResult {
	const others = audit.examined.shared.components
		? 'none of the other components is a pod in kube-system'
		: 'the other components were not observed';
	const message =
		etcd.known && urlsOf(etcd.value).length > 0
			? `The apiserver’s connection to etcd is TLS or loopback; ${others}`
			: `${others[0]!.toUpperCase()}${others.slice(1)}`;
	return unknownRow(message, unmetNeeds([needMirrorPods], audit, needComponentHosts), {
		citations,
	});
}

function componentsOf({examined}: AuditObservations): readonly ComponentPod[] {
	return examined.shared.components?.facts ?? [];
}

function citeComponents(
	{examined, observations}: AuditObservations,
	rule: string,
	some: readonly ComponentPod[],
	observed: (component: ComponentPod) => string,
): Citation[] {
	const {components} = examined.shared;
	const own = observations('exec');
	return components ? some.map(component => cite(own, components, rule, observed(component))) : [];
}

function isComponent(component: ComponentPod['component']): boolean {
	return component === 'kube-controller-manager' || component === 'kube-scheduler';
}

function flagOrDefault({values, absent}: ComponentPod['flags'], name: string, unsetValue = ''): string | undefined {
	return values[name] ?? (absent === 'default' ? unsetValue : undefined);
}

function addressesOf({component, pod, flags}: ComponentPod): string {
	const names = component === 'etcd' ? ['listen-client-urls', 'client-cert-auth', 'trusted-ca-file'] : ['bind-address'];
	return `${component} in ${pod}: ${names.map(name => `--${name}=${flags.values[name] ?? '(default)'}`).join(' ')}`;
}

function urlsOf(value: string): string[] {
	return value
		.replaceAll(/\s/g, '')
		.replace(/^\[(.*)\]$/, '$1')
		.split(',')
		.filter(url => url !== '');
}

function isPlainAndRemote(url: string): boolean {
	return url.startsWith('http://') && !isLocal(url);
}

function isLocal(url: string): boolean {
	const host = /^[a-z]+:\/\/(\[[^\]]*\]|[^/:]*)/.exec(url)?.[1];
	return host !== undefined && isLoopback(host);
}
