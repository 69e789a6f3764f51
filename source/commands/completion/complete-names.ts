/** Completions from the kubeconfig, the cluster or state files. */
import {listAll, type TableRow} from '../../cluster/list.ts';
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {connectionFlags, type ConnectionFlags, type MultiContextFlags} from '../../command-line/connection-flags.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {forwardSetNames} from '../../command-line/forward-file.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import {findForwards, forwardsDirectory} from '../forwards/detached-forward-state.ts';
import {findStateDirectory} from '../../command-line/directories.ts';
import {quoteForShell} from '../../text/escaping.ts';
import {allContainers} from '../../targets/choose-container.ts';
import type {PodObject, ServiceObject} from '../../targets/pod-object.ts';
import {isTcp} from '../../targets/named-port.ts';
import {listPath, findResource, podResource} from '../../targets/resource-names.ts';
import {resolvePod} from '../../targets/resolve-pod.ts';
import {ownThemeNames} from '../../themes/load-themes.ts';
import type {NameCompletion, CompletionItem} from './complete-line.ts';

/** A shell waits for the completion. */
const defaultTimeoutMs = 2000;

/** `words` exclude the command's name; the last one is being typed. */
export async function completeNames(
	completion: NameCompletion,
	words: readonly string[],
	flags: readonly FlagSpec[],
	{env, timeoutMs = defaultTimeoutMs}: {env: NodeJS.ProcessEnv; timeoutMs?: number},
): Promise<readonly CompletionItem[]> {
	const {given, targets} = parseTyped(words, flags);
	const names =
		(await namesInFiles(completion, given, env)) ??
		(await namesInCluster(completion, targets, await firstContext(given, env), {env, timeoutMs}));
	const {prefix, leadingText} = completion;
	return names.filter(name => name.startsWith(prefix)).map(name => ({word: leadingText + name, description: ''}));
}

/** `null` for names that only the apiserver knows. */
async function namesInFiles(
	{kind, prefix, kinds = [], isList = false}: NameCompletion,
	given: ConnectionFlags | MultiContextFlags,
	env: NodeJS.ProcessEnv,
): Promise<readonly string[] | null> {
	if (kind === 'context' || kind === 'cluster' || kind === 'user') {
		const {config} = await loadKubeconfig(given.kubeconfig, env);
		const names = [...{context: config.contexts, cluster: config.clusters, user: config.users}[kind].keys()];
		return isList ? listsOf(names, prefix) : names;
	}

	if (kind === 'theme') {
		return [...kinds, ...(await ownThemeNames(env))];
	}

	if (kind === 'forward-set') {
		return forwardSetNames(env);
	}

	if (kind === 'detached-forward') {
		const forwards = await findForwards(findStateDirectory(env, forwardsDirectory));
		return forwards.map(({state}) => state.name);
	}

	return null;
}

async function namesInCluster(
	{kind, prefix, kinds = [], trailingText = ''}: NameCompletion,
	targets: readonly string[],
	flags: ConnectionFlags,
	{env, timeoutMs}: {env: NodeJS.ProcessEnv; timeoutMs: number},
): Promise<readonly string[]> {
	// A request trace would be written into the line that is being typed.
	const cluster = await createClusterClient({...flags, v: 0}, env);
	const signal = AbortSignal.timeout(timeoutMs);
	const namesIn = async (path: string) => {
		const {items} = await listAll<TableRow>(cluster, {path, as: 'table', pageSize: 2000, signal});
		return withoutQuotes(items.map(({cells}) => String(cells[0])));
	};

	try {
		if (kind === 'namespace') {
			return await namesIn('/api/v1/namespaces');
		}

		if (kind === 'container') {
			const {pod} = await resolvePod(cluster, targets[0] ?? '', {podPreference: 'attach', podRunningTimeoutMs: 500, signal});
			return [...withoutQuotes(allContainers(pod).map(({name}) => name)), ...kinds];
		}

		if (kind === 'port') {
			const target = targets.findLast(word => word.includes('/')) ?? targets[0] ?? '';
			const {pod, service} = await resolvePod(cluster, target, {podPreference: 'attach', podRunningTimeoutMs: 500, signal});
			return [...withoutQuotes(portsOf(pod, service)), ...kinds];
		}

		const slash = prefix.indexOf('/');
		const resource = slash < 0 ? podResource : findResource(prefix.slice(0, slash));
		if (!resource || (resource.kind === 'Node' && !kinds.includes('node/'))) {
			return [];
		}

		const names = await namesIn(listPath(resource, resource.namespaced ? cluster.facts.namespace : null));
		// A proxy target has a scheme before the name.
		const [head] = /^[^/]*\/(?:https?:)?/.exec(prefix) ?? [''];
		const targetNames = names.map(name => (slash < 0 ? '' : head) + name + trailingText);
		return slash < 0 ? [...targetNames, ...kinds] : targetNames;
	} finally {
		cluster.close();
	}
}

/** Shells insert names unquoted. No valid Kubernetes name needs quotes. */
function withoutQuotes(names: readonly string[]): string[] {
	return names.filter(name => quoteForShell(name) === name);
}

/** The names and, after the names of a list that is being typed, each other name. */
function listsOf(names: readonly string[], typed: string): string[] {
	const before = typed.slice(0, typed.lastIndexOf(',') + 1);
	const used = before.split(',');
	return [...names, ...(before === '' ? [] : names.filter(name => !used.includes(name)).map(name => before + name))];
}

async function firstContext(flags: ConnectionFlags | MultiContextFlags, env: NodeJS.ProcessEnv): Promise<ConnectionFlags> {
	return 'all-contexts' in flags ? (await chooseContexts(flags, env))[0]! : flags;
}

function portsOf(pod: PodObject, service: ServiceObject | null): string[] {
	const ports = service
		? (service.spec?.ports ?? []).filter(port => isTcp(port)).map(({port, name}) => ({port, name}))
		: pod.spec.containers
				.flatMap(({ports = []}) => ports)
				.filter(port => isTcp(port))
				.map(({containerPort, name}) => ({port: containerPort, name}));
	return ports.flatMap(({port, name}) => [String(port), ...(name === undefined ? [] : [name])]);
}

/** Empty if the line cannot be parsed yet. */
function parseTyped(
	words: readonly string[],
	flags: readonly FlagSpec[],
): {given: ConnectionFlags | MultiContextFlags; targets: readonly string[]} {
	// The last flag may still lack its value.
	for (const before of [words.slice(0, -1), words.slice(0, -2)]) {
		try {
			const line = parseCommandLine<readonly FlagSpec[]>(flags.length > 0 ? flags : connectionFlags, before);
			return {given: line.flags as unknown as ConnectionFlags, targets: line.positionals};
		} catch {}
	}

	return {given: parseCommandLine(connectionFlags, []).flags, targets: []};
}
