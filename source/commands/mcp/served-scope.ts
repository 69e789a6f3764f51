/** Contexts and namespaces of `spoke mcp`, which are fixed when it starts. */
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import type {FlagValues} from '../../command-line/flag-spec.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {validateSegment} from '../../targets/resource-names.ts';
import {errorText} from '../../text/error-text.ts';
import type {mcpSpec} from './spec.ts';

type McpFlags = FlagValues<typeof mcpSpec.flags>;

type ServedContext = {
	/** `null` if flags or the pod's own service account choose the cluster. */
	name: string | null;
	namespaces: readonly string[];
	flags: ConnectionFlags;
};

/** As the arguments of a call name it. */
type NamedPlace = {context?: string; namespace?: string};

/** Where a call goes. `null`: the context has no name, or the call does not depend on it. */
export type CallPlace = {context: string | null; namespace: string | null; flags: ConnectionFlags};

/**
Reads the kubeconfig, and sends nothing. `warn` gets each context that is left out because it cannot be used.
@throws SpokeError as `createClusterClient`, if no context can be used
*/
export async function readServedScope(
	{namespace: namespaces, ...flags}: McpFlags,
	env: NodeJS.ProcessEnv,
	warn: (text: string) => void,
): Promise<ServedScope> {
	for (const namespace of namespaces) {
		validateSegment('namespace', namespace);
	}

	const contexts = await chooseContexts({...flags, namespace: undefined}, env);
	const served: ServedContext[] = [];
	for (const one of contexts) {
		try {
			served.push(await readContext(one, namespaces, env));
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (contexts.length === 1) {
				throw error;
			}

			warn(`context ${one.context} is not served: ${errorText(error)}`);
		}
	}

	if (served.length === 0) {
		throw new SpokeError('ERR_CONTEXT_UNKNOWN', `none of the ${contexts.length} contexts can be used`);
	}

	return new ServedScope(served);
}

/** The current context and its namespace can change in the kubeconfig later, so both are read now. */
async function readContext(flags: ConnectionFlags, namespaces: readonly string[], env: NodeJS.ProcessEnv): Promise<ServedContext> {
	const cluster = await createClusterClient(flags, env);
	cluster.close();
	const {context, namespace} = cluster.facts;
	return {
		name: context,
		namespaces: namespaces.length > 0 ? namespaces : [namespace],
		flags: context === null ? flags : {...flags, context},
	};
}

export class ServedScope {
	readonly #contexts: readonly ServedContext[];

	constructor(contexts: readonly ServedContext[]) {
		this.#contexts = contexts;
	}

	get contextNames(): readonly string[] {
		return this.#contexts.flatMap(({name}) => name ?? []);
	}

	/** Of all contexts. */
	get namespaces(): readonly string[] {
		return [...new Set(this.#contexts.flatMap(({namespaces}) => namespaces))];
	}

	/** A name that is left out stands for the only one. @throws SpokeError ERR_NOT_SERVED, or ERR_USAGE if it could be one of several */
	resolve(kind: 'namespace' | 'context' | 'none', {context, namespace}: NamedPlace): CallPlace {
		if (kind === 'none') {
			return {context: null, namespace: null, flags: this.#contexts[0]!.flags};
		}

		const {name, namespaces, flags} = choose('context', context, this.#contexts, one => one.name ?? '');
		if (kind === 'context') {
			return {context: name, namespace: null, flags: {...flags, namespace: namespaces[0]}};
		}

		const chosen = choose('namespace', namespace, namespaces, one => one);
		return {context: name, namespace: chosen, flags: {...flags, namespace: chosen}};
	}
}

function choose<One>(word: 'context' | 'namespace', asked: string | undefined, served: readonly One[], nameOf: (one: One) => string): One {
	const names = served.map(one => nameOf(one)).filter(name => name !== '');
	if (asked === undefined) {
		const [only, ...more] = served;
		if (only === undefined || more.length > 0) {
			throw new SpokeError('ERR_USAGE', `several ${word}s are served: name one of ${names.join(', ')}`, {
				remedy: `pass the argument ${word}`,
			});
		}

		return only;
	}

	const found = served.find(one => nameOf(one) === asked && asked !== '');
	if (found === undefined) {
		throw new SpokeError(
			'ERR_NOT_SERVED',
			`${word} ${JSON.stringify(asked)} is not served: ${names.length === 0 ? `no ${word} has a name` : `only ${names.join(', ')}`}`,
		);
	}

	return found;
}
