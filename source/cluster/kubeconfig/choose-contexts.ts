/** The contexts of a command that takes several. */
import type {ConnectionFlags, MultiContextFlags} from '../../base/command-line/connection-flags.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {Kubeconfig} from './kubeconfig-shape.ts';
import {loadKubeconfig} from './load-kubeconfig.ts';
import {unknownEntryError} from './select-entries.ts';

/** Flags that describe one cluster or its credentials, which must not reach another cluster. */
const oneClusterFlags = [
	'cluster',
	'user',
	'server',
	'token',
	'username',
	'password',
	'certificate-authority',
	'client-certificate',
	'client-key',
	'tls-server-name',
] as const satisfies ReadonlyArray<keyof ConnectionFlags>;

/** Flags of a command that runs in one context. */
export type OneContext<Flags extends MultiContextFlags> = Omit<Flags, 'context' | 'all-contexts'> & Pick<ConnectionFlags, 'context'>;

/**
The flags for each chosen context, in order and without duplicates. Reads the kubeconfig only if there can be several.
@throws SpokeError ERR_NO_KUBECONFIG, ERR_KUBECONFIG_INVALID, ERR_CONTEXT_UNKNOWN; ERR_USAGE for a flag of one cluster with several contexts
*/
export async function chooseContexts<Flags extends MultiContextFlags>(
	typed: Flags,
	environment: NodeJS.ProcessEnv,
): Promise<ReadonlyArray<OneContext<Flags>>> {
	const {context: names, 'all-contexts': all, ...flags} = typed;
	if (!all && names.length < 2 && !names[0]?.includes(',')) {
		return [{...flags, context: names[0]}];
	}

	const {config} = await loadKubeconfig(typed.kubeconfig, environment);
	const chosen = all ? allContexts(config, names) : new Set(names.flatMap(name => namesIn(name, config)));
	const given = chosen.size > 1 ? oneClusterFlags.find(name => typed[name]) : undefined;
	if (given !== undefined) {
		throw oneClusterError(`--${given}`, chosen.size);
	}

	return [...chosen].map(context => ({...flags, context}));
}

/** Each of several contexts has a name; a single one can be the current context. */
export function areSeveral<One extends Pick<ConnectionFlags, 'context'>>(
	contexts: readonly One[],
): contexts is ReadonlyArray<One & {context: string}> {
	return contexts.length > 1 && contexts.every(({context}) => context !== undefined);
}

export function oneClusterError(flag: string, contexts: number): SpokeError {
	return new SpokeError('ERR_USAGE', `${flag} is for one cluster, but ${contexts} contexts are chosen`, {
		remedy: `omit ${flag}, or pass one context`,
	});
}

function allContexts({contexts}: Kubeconfig, names: readonly string[]): ReadonlySet<string> {
	if (names.length > 0) {
		throw new SpokeError('ERR_USAGE', '--all-contexts and --context are mutually exclusive');
	}

	if (contexts.size === 0) {
		throw new SpokeError('ERR_NO_KUBECONFIG', 'no context found: there is no kubeconfig, or it names none');
	}

	return new Set(contexts.keys());
}

/** A context whose name has a comma is not split. */
function namesIn(text: string, {contexts}: Kubeconfig): readonly string[] {
	const names = contexts.has(text) ? [text] : text.split(',');
	for (const name of names) {
		if (name === '') {
			throw new SpokeError('ERR_USAGE', `--context=${text}: the name of a context is empty`);
		}

		if (!contexts.has(name)) {
			throw unknownEntryError(`context "${name}" does not exist`, contexts, 'context');
		}
	}

	return names;
}
