/** The tool `list`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {readFirstPage, type ListPage, type TableRow} from '../../cluster/list.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {apiserverPath} from '../../evidence/find-paths.ts';
import {jsonLine, jsonObject} from '../../output/json-line.ts';
import {listPath, targetResources} from '../../targets/resource-names.ts';
import type {McpTool} from './mcp-tool.ts';

const eventResource = {plural: 'events', api: '/api/v1', namespaced: true} as const;
const listedResources = [...targetResources, eventResource] as const;

const maxRows = 500;

const parameters = [
	{
		name: 'kind',
		kind: 'string',
		default: 'pods',
		value: 'KIND',
		oneOf: listedResources.map(({plural}) => plural),
		help: `kind of the objects: ${listedResources.map(({plural}) => plural).join(', ')}; defaults to pods`,
	},
	{name: 'selector', kind: 'string', value: 'SELECTOR', help: 'only objects with these labels'},
	{name: 'limit', kind: 'integer', default: 100, value: 'ROWS', help: `maximum number of objects, up to ${maxRows}; defaults to 100`},
] as const satisfies readonly FlagSpec[];

export const listTool: McpTool = {
	name: 'list',
	title: 'List of objects',
	about:
		'Lists pods, workloads, services, events or nodes, with the columns of kubectl get -o wide. The result is a ResourceList object, and a ResourceRow object per row.',
	target: 'none',
	parameters,
	place: 'namespace',
	isReadOnly: true,
	async run({place, argv, env, stdout, interrupted}) {
		const {flags} = parseCommandLine(parameters, argv);
		if (flags.limit < 1 || flags.limit > maxRows) {
			throw new SpokeError('ERR_USAGE', `limit ${flags.limit} must be between 1 and ${maxRows}`);
		}

		const resource = listedResources.find(({plural}) => plural === flags.kind)!;
		const cluster = withAbortSignal(await createClusterClient(place.flags, env), interrupted);
		try {
			const page = await readFirstPage<TableRow>(cluster, {
				path: listPath(resource, place.namespace),
				...(flags.selector && {labelSelector: flags.selector}),
				as: 'table-metadata',
				pageSize: flags.limit,
			});
			const listed = {resource: resource.plural, namespace: resource.namespaced ? place.namespace : null};
			const {items, remaining, connection} = page;
			stdout.write(jsonLine(jsonObject('ResourceList', {...listed, rows: items.length, remaining, ...apiserverPath(cluster, connection)})));
			for (const row of items) {
				stdout.write(jsonLine(jsonObject('ResourceRow', {...listed, name: nameOf(row), cells: cellsOf(row, page)})));
			}

			return exitStatus.ok;
		} finally {
			cluster.close();
		}
	},
};

type Page = ListPage<TableRow>;

function nameOf({object, cells}: TableRow): string {
	return object?.metadata.name ?? String(cells[0]);
}

/** Column → value, in the order of the apiserver. The row has its name itself. */
function cellsOf({cells}: TableRow, {columns}: Page): Readonly<Record<string, unknown>> {
	const all = (columns ?? []).map(({name}, index) => [name, cells[index] ?? null] as const);
	return Object.fromEntries(all.filter(([name]) => name !== 'Name'));
}
