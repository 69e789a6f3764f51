/** Audit rows N4 to N6: control plane components. */
import {isLoopback} from '../../cluster/transport/server-url.ts';
import type {Citation, ComponentPod} from '../evidence.ts';
import {resolveApiserverFlag, type FlagResult} from '../rules/apiserver-flag.ts';
import {needMirrorPods, needComponentHosts, remedies} from '../rules/needs.ts';
import {isVersionAtLeast} from '../rules/first-leg.ts';
import {cite} from '../rules/claims.ts';
import type {JudgedRows, RowResult} from './audit-object.ts';
import {resultsOf, sumUp, unmetNeeds} from './row-result.ts';
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
	const {pass, fail, unknown} = resultsOf({citations});
	const plain = components.filter(({flags}) => (flags.values['master'] ?? '').startsWith('http://'));
	if (plain.length > 0) {
		return fail('plain', 'A component talks to the apiserver by plain HTTP', {
			exceptions: plain.map(({pod}) => pod),
			remedy: 'use --kubeconfig with an https server instead of --master',
		});
	}

	if (version && isVersionAtLeast(version.facts, 1, 24)) {
		return pass(
			'https',
			'The apiserver has no insecure port since 1.24, so components use TLS; whether they verify it is in their kubeconfig files',
			{
				basis: version.facts.upstream ? 'proven' : 'inferred',
				citations: [...citations, cite(audit.observations('exec'), version, 'no-insecure-port-since-1.24', version.facts.gitVersion)],
			},
		);
	}

	return components.length > 0
		? pass('https', 'Components use a kubeconfig; its server is in a file that spoke cannot read')
		: unknown('How components reach the apiserver is unknown', unmetNeeds([needMirrorPods], audit, needComponentHosts));
}

/** N5: rows N1 to N4, and your own connection. */
export function nodeToControlPlaneSummary(audit: AuditObservations, judged: JudgedRows): RowResult {
	const {failed, failedBasis, open, warned} = sumUp(['N1', 'N2', 'N3', 'N4'], judged);
	const observations = audit.observations('exec');
	const {socket, serverIdentity} = observations;
	const isOwnVerified = socket?.facts.tls?.verified === true;
	const own = `your own connection is ${isOwnVerified ? '' : 'not '}verified`;
	const {pass, warn, fail, unknown} = resultsOf({citations: socket ? [cite(observations, socket, 'own-first-leg', own)] : []});
	if (failed.rows.length > 0) {
		return fail('not-secured', `Not as documented: ${failed.ids}`, {
			basis: failedBasis,
			remedy: [...new Set(failed.rows.flatMap(({remedy}) => remedy ?? []))].join('; ') || null,
		});
	}

	if (!socket?.facts.tls) {
		const remedy = 'use the https server address in the kubeconfig';
		return fail('not-secured', 'Your own connection is plain HTTP', {basis: 'proven', remedy});
	}

	if (open.rows.length > 0) {
		return unknown(`Unknown: ${open.ids}`, open.need);
	}

	if (!isOwnVerified || (serverIdentity.to !== 'apiserver' && !serverIdentity.hasApiserverCertificate)) {
		return warn(
			'your-leg',
			isOwnVerified
				? `It is not certain that an apiserver responds to you: ${serverIdentity.why}`
				: 'Secured for nodes; your own connection does not verify the apiserver',
			{basis: 'proven'},
		);
	}

	return warned.rows.length > 0
		? warn('secured', `Secured as documented; warnings: ${warned.ids}`)
		: pass('secured', 'As documented: HTTPS, authenticated and authorized, so it can cross untrusted networks');
}

/** N6: no other component should be reachable from outside. */
export function restOfControlPlane(audit: AuditObservations): RowResult {
	const seen = componentsOf(audit);
	const etcd = resolveApiserverFlag(audit.observations('exec'), 'etcd-servers');
	const others = seen.filter(({component}) => component !== 'kube-apiserver');
	const citations = [...(etcd.known ? etcd.citations : []), ...citeComponents(audit, 'component-addresses', others, addressesOf)];
	const {pass, warn, fail, unknown} = resultsOf({citations});
	const exposed = exposedEtcds(seen, etcd);
	if (exposed.length > 0) {
		return fail('exposed', 'etcd can be reached without TLS or without a client certificate', {exceptions: exposed, remedy: remedies.etcd});
	}

	const listening = seen.filter(
		({component, flags}) => isComponent(component) && !isLoopback(flagOrDefault(flags, 'bind-address', '0.0.0.0') ?? '127.0.0.1'),
	);
	if (listening.length > 0) {
		return warn('listening', 'A component listens beyond loopback (TLS with the apiserver’s own authorization)', {
			exceptions: listening.map(({pod}) => pod),
			remedy: remedies.componentBind,
		});
	}

	if (others.length > 0) {
		return pass('internal', 'The observed components listen on loopback or ask for client certificates');
	}

	const unobserved = audit.examined.shared.components
		? 'none of the other components is a pod in kube-system'
		: 'the other components were not observed';
	return unknown(
		etcd.known && urlsOf(etcd.value).length > 0
			? `The apiserver’s connection to etcd is TLS or loopback; ${unobserved}`
			: `${unobserved[0]!.toUpperCase()}${unobserved.slice(1)}`,
		unmetNeeds([needMirrorPods], audit, needComponentHosts),
	);
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
