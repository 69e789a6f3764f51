/** Logs of the node itself: a journal, and files below `/var/log`. */
import type {ServerResponse} from 'node:http';
import type {Kubelet} from './kubelet.ts';

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet.go#L1852 */
export function serveNodeLogs(kubelet: Kubelet, {path, query}: {path: string; query: URLSearchParams}, response: ServerResponse): void {
	const queries = query.getAll('query');
	const faults = faultsOf(queries, query);
	if (queries.length === 0) {
		serveFile(path, response);
	} else if (path !== '') {
		refuse(response, 406, 'path not allowed in query mode');
	} else if (faults.length > 0) {
		refuse(response, 406, faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`);
	} else {
		response.writeHead(200, {'content-type': 'text/plain;charset=UTF-8'});
		response.end(answerOf(kubelet, queries, query));
	}
}

const maxServices = 4;
const maxTailLines = 100_000;

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go validate */
function faultsOf(services: readonly string[], query: URLSearchParams): string[] {
	const faults = services
		.filter(service => /[^a-zA-Z\-_.:0-9@]/.test(service))
		.map(service => `query: Invalid value: ${JSON.stringify(service)}: input contains unsupported characters`);
	if (services.length > maxServices) {
		faults.push(`query: Too many: ${services.length}: must have at most ${maxServices} items`);
	}

	const tail = query.get('tailLines');
	return tail !== null && Number(tail) > maxTailLines
		? [...faults, `tailLines: Invalid value: ${tail}: must be between 0 and ${maxTailLines}, inclusive`]
		: faults;
}

/** The units first, then the other services, as log files or not at all. */
function answerOf(kubelet: Kubelet, services: readonly string[], query: URLSearchParams): string {
	const units = services.filter(service => unitNames.includes(service));
	const others = services.filter(service => !unitNames.includes(service));
	const hasOptions = [...query.keys()].some(name => name !== 'query');
	const journal = units.length === 0 ? '' : journalOf(kubelet, units, query);
	if (others.length > 0 && hasOptions) {
		return `${journal}\noptions present and query resolved to log files for [${others.join(' ')}]\ntry without specifying options\n`;
	}

	return journal + others.map(service => fileOf(service) ?? `\nlog not found for ${service}\n`).join('');
}

function fileOf(service: string): string | undefined {
	return [service, `${service}.log`, `${service}/${service}.log`].map(name => files.get(name)).find(text => text !== undefined);
}

const unitNames = ['kubelet', 'containerd'];

/** Output of `journalctl --utc --output=short-precise`. */
function journalOf(kubelet: Kubelet, units: readonly string[], query: URLSearchParams): string {
	const since = Date.parse(query.get('sinceTime') ?? '');
	const pattern = new RegExp(query.get('pattern') ?? '');
	const isChosen = ({unit, text, at}: Entry) => units.includes(unit) && pattern.test(text) && !(at.getTime() < since);
	const entries = Number(query.get('boot') ?? 0) < 0 ? [] : entriesOf(kubelet).filter(entry => isChosen(entry));
	const tail = Number(query.get('tailLines') ?? entries.length);
	const lines = entries.slice(Math.max(0, entries.length - tail)).map(entry => lineOf(entry, kubelet.config.node));
	return lines.length === 0 ? '-- No entries --\n' : lines.join('');
}

type Entry = {at: Date; unit: string; text: string};

function entriesOf(kubelet: Kubelet): Entry[] {
	const {startedAt, config} = kubelet;
	const pods = kubelet.pods().map(({metadata: {namespace, name, creationTimestamp}}) => ({
		at: new Date(creationTimestamp ?? startedAt),
		unit: 'kubelet',
		text: `"SyncLoop ADD" source="api" pods=["${namespace}/${name}"]`,
	}));
	return [
		{at: startedAt, unit: 'containerd', text: 'containerd successfully booted'},
		{at: startedAt, unit: 'kubelet', text: `"Successfully registered node" node="${config.node}"`},
		...pods,
	].sort((a, b) => a.at.getTime() - b.at.getTime());
}

function lineOf({at, unit, text}: Entry, node: string): string {
	const day = at.toLocaleDateString('en-US', {month: 'short', day: '2-digit', timeZone: 'UTC'});
	return `${day} ${at.toISOString().slice(11, 23)}000 ${node} ${unit}[${unit === 'kubelet' ? 812 : 640}]: ${text}\n`;
}

const files: ReadonlyMap<string, string> = new Map([
	['cni/calico.log', 'IPAM: the block of this node has 256 addresses\n'],
	['kube-proxy.log', 'I0101 00:00:00.000000       1 server.go:236] "Version info" version="v1.36.3"\n'],
]);

/** As Go's http.FileServer. */
function serveFile(path: string, response: ServerResponse): void {
	const text = files.get(path);
	const names = new Set([...files.keys()].filter(name => name.startsWith(path)).map(name => name.slice(path.length).replace(/\/.*$/, '/')));
	if (text !== undefined) {
		response.writeHead(200, {'content-type': 'text/plain; charset=utf-8'}).end(text);
	} else if ((path === '' || path.endsWith('/')) && names.size > 0) {
		const links = [...names].map(name => `<a href="${name}">${name}</a>\n`).join('');
		response
			.writeHead(200, {'content-type': 'text/html; charset=utf-8'})
			.end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links}</pre>\n`);
	} else if ([...names].some(name => name.startsWith('/'))) {
		response.writeHead(301, {location: `${path.split('/').at(-1)}/`}).end();
	} else {
		refuse(response, 404, '404 page not found');
	}
}

/** As Go's http.Error. */
function refuse(response: ServerResponse, status: number, text: string): void {
	response.writeHead(status, {'content-type': 'text/plain; charset=utf-8'}).end(`${text}\n`);
}
