/** `spoke mcp`. */
import process from 'node:process';
import {connectionFlags, type ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import type {FlagValues} from '../../base/command-line/flag-spec.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {readFirstPage, type TableRow} from '../../cluster/list.ts';
import {listPath, validateSegment} from '../../cluster/targets/resource-names.ts';
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {apiserverPath} from '../../evidence/find-paths.ts';
import {assertAccess} from '../../session/actions/access.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {errorText, SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {parsePathRequirements} from '../../evidence/require-path.ts';
import {noticeLine, jsonObject} from '../../report/output/output-writer.ts';
import {loadPolicy} from '../../evidence/policies/load-policy.ts';
import type {Command} from '../command.ts';
import {listParameters, listedResources, maxResultBytes, maxRows, mcpSpec, minResultBytes} from './spec.ts';
import {assertUsage} from '../usage.ts';

/** For the client to read its last results. */
const unreadResultMs = 2000;

export const command: Command<typeof mcpSpec.flags> = {
	spec: mcpSpec,
	async run(invocation) {
		const {flags, given, positionals, env, stdin, stderr, interrupted} = invocation;
		assertUsage(positionals.length === 0, `mcp takes no arguments, got ${positionals[0]}`);
		const bytes = flags['max-bytes'];
		assertUsage(
			bytes >= minResultBytes && bytes <= maxResultBytes,
			`--max-bytes=${bytes} must be between ${minResultBytes} and ${maxResultBytes}`,
		);
		if (flags['allow-forward']) {
			assertAccess('--allow-forward', 'listen', {readOnly: flags['read-only']});
		}

		parsePathRequirements(flags.require, given);
		await loadPolicy(env);
		const say = (text: string) => {
			stderr.write(noticeLine(`spoke mcp: ${text}`, stderr));
		};

		const scope = await readServedScope(flags, env, say);
		if (stdin.isTTY) {
			say('waiting for an MCP client on stdin; docs/mcp.md says how to configure one');
		}

		try {
			const {serveStdio} = await import('./serve-stdio.ts');
			await serveStdio(invocation, {scope, placeOf, listObjects, say});
		} finally {
			// Results that the client does not read would keep the process running.
			setTimeout(() => {
				process.exit();
			}, unreadResultMs).unref();
		}

		return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
	},
};

type ServedContext = {namespaces: readonly string[]; flags: ConnectionFlags};

/** By name, which is empty if flags or the pod's own service account choose the cluster. */
export type ServedScope = ReadonlyMap<string, ServedContext>;

/** Where a call goes. `null`: the context has no name, or the call does not depend on it. */
export type CallPlace = {context: string | null; namespace: string | null; flags: ConnectionFlags};

/**
The current context and its namespace can change in the kubeconfig later, so both are read now; nothing is sent. `warn` gets each context
that is left out because it cannot be used.
@throws SpokeError as `createClusterClient`, if no context can be used
*/
async function readServedScope(
	{namespace: namespaces, ...flags}: FlagValues<typeof mcpSpec.flags>,
	env: NodeJS.ProcessEnv,
	warn: (text: string) => void,
): Promise<ServedScope> {
	for (const namespace of namespaces) {
		validateSegment('namespace', namespace);
	}

	const served = new Map<string, ServedContext>();
	const failures: Array<{context: string | undefined; error: SpokeError}> = [];
	for (const one of await chooseContexts({...flags, namespace: undefined}, env)) {
		try {
			const cluster = await createClusterClient(one, env);
			cluster.close();
			const {context, namespace} = cluster.facts;
			served.set(context ?? '', {
				namespaces: namespaces.length > 0 ? namespaces : [namespace],
				flags: context === null ? one : {...one, context},
			});
		} catch (thrown) {
			failures.push({context: one.context, error: toSpokeError(thrown)});
		}
	}

	if (served.size === 0) {
		throw failures[0]!.error;
	}

	for (const {context, error} of failures) {
		warn(`context ${context} is not served: ${errorText(error)}`);
	}

	return served;
}

/** A name that is left out stands for the only one. @throws SpokeError ERR_NOT_SERVED, or ERR_USAGE if it could be one of several */
export function placeOf(
	scope: ServedScope,
	kind: 'namespace' | 'context' | 'none',
	asked: {context?: string; namespace?: string},
): CallPlace {
	if (kind === 'none') {
		return {context: null, namespace: null, flags: [...scope.values()][0]!.flags};
	}

	const context = chosenName('context', asked.context, [...scope.keys()]);
	const {namespaces, flags} = scope.get(context)!;
	const namespace = kind === 'context' ? null : chosenName('namespace', asked.namespace, namespaces);
	return {context: context || null, namespace, flags: {...flags, namespace: namespace ?? namespaces[0]}};
}

function chosenName(word: 'context' | 'namespace', asked: string | undefined, served: readonly string[]): string {
	const [only, ...more] = served;
	if (asked === undefined) {
		assertUsage(more.length === 0, `several ${word}s are served: name one of ${served.join(', ')}`, `pass the argument ${word}`);
		return only!;
	}

	if (asked === '' || !served.includes(asked)) {
		const names = only === '' ? `no ${word} has a name` : `only ${served.join(', ')}`;
		throw new SpokeError('ERR_NOT_SERVED', `${word} ${JSON.stringify(asked)} is not served: ${names}`);
	}

	return asked;
}

/** A ResourceList, then a ResourceRow per object. @param argv the arguments as flags @throws SpokeError */
export async function listObjects(
	argv: readonly string[],
	{env, signal}: {env: NodeJS.ProcessEnv; signal: AbortSignal},
): Promise<readonly object[]> {
	const {flags} = parseCommandLine([...connectionFlags, ...listParameters], argv);
	assertUsage(flags.limit >= 1 && flags.limit <= maxRows, `limit ${flags.limit} must be between 1 and ${maxRows}`);
	const resource = listedResources.find(({plural}) => plural === flags.kind)!;
	const cluster = withAbortSignal(await createClusterClient(flags, env), signal);
	const {namespace} = cluster.facts;
	try {
		const {items, remaining, columns, connection} = await readFirstPage<TableRow>(cluster, {
			path: listPath(resource, namespace),
			...(flags.selector && {labelSelector: flags.selector}),
			as: 'table-metadata',
			pageSize: flags.limit,
		});
		const listed = {resource: resource.plural, namespace: resource.namespaced ? namespace : null};
		return [
			jsonObject('ResourceList', {...listed, rows: items.length, remaining, ...apiserverPath(cluster, connection)}),
			...items.map(row =>
				jsonObject('ResourceRow', {...listed, name: row.object?.metadata.name ?? String(row.cells[0]), cells: cellsOf(row, columns ?? [])}),
			),
		];
	} finally {
		cluster.close();
	}
}

/** In the order of the apiserver. The row has its name itself. */
function cellsOf({cells}: TableRow, columns: ReadonlyArray<{name: string}>): Readonly<Record<string, unknown>> {
	const all = columns.map(({name}, at) => [name, cells[at] ?? null] as const);
	return Object.fromEntries(all.filter(([name]) => name !== 'Name'));
}
