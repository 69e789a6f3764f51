/** How does kubectl tell whether a right is there? */
import {quoteForShell} from '../text/quote-for-shell.ts';
import type {RequestAttributes} from './request-attributes.ts';
import type {ClusterInfo} from './cluster-client.ts';

/** Whose rights are meant. */
export type ImpersonatedIdentity = Pick<ClusterInfo, 'impersonating' | 'impersonatedGroups'>;

/** Those that are asked about here; of all others a list without a namespace is one of all namespaces. */
const clusterScoped: ReadonlySet<string> = new Set([
	'nodes',
	'namespaces',
	'certificatesigningrequests',
	'clusterroles',
	'clusterrolebindings',
]);

/** A line for a shell that answers for the same namespace and the same user, typed as it stands. */
export function canICommand({verb, resource, namespace}: RequestAttributes, identity: ImpersonatedIdentity | undefined): string {
	// Behind a slash kubectl reads an object's name: a subresource has a flag of its own.
	const [plain = '', subresource] = resource.startsWith('/') ? [resource] : resource.split('/', 2);
	const everywhere = !resource.startsWith('/') && !clusterScoped.has(plain);
	return [
		'kubectl auth can-i',
		verb,
		quoteForShell(plain),
		...(subresource === undefined ? [] : [`--subresource=${quoteForShell(subresource)}`]),
		...(namespace === null ? (everywhere ? ['-A'] : []) : ['-n', quoteForShell(namespace)]),
		...(identity?.impersonating ? ['--as', quoteForShell(identity.impersonating)] : []),
		...(identity?.impersonating ? identity.impersonatedGroups.flatMap(group => ['--as-group', quoteForShell(group)]) : []),
	].join(' ');
}
