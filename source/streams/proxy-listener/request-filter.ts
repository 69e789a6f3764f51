/** Which requests a local listener takes: by method, path, Host and Origin, as strict as `kubectl proxy` or stricter. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {runsCommands, normalizedPaths} from '../proxy/command-path.ts';

export type FilterOptions = {
	/** Each is a list of regular expressions, divided by commas. */
	acceptPaths: string;
	rejectPaths: string;
	acceptHosts: string;
	rejectMethods: string;
};

export type FilteredRequest = {
	method: string;
	/** As it came, with its query, behind the API prefix. */
	path: string;
	/** Every value of these headers, in order. */
	hosts: readonly string[];
	origins: readonly string[];
	/** `Sec-Fetch-Site`, by which a browser tells that a page of another site asks. */
	fetchSites: readonly string[];
};

export type RequestFilter = (request: FilteredRequest) => {status: 400 | 403; reason: string} | null;

/** A pattern with two `.*` takes the square of a path's length, for each spelling: nobody may hold this process up by that. */
const longestPath = 8192;
const mostSpellings = 6;

/** `--allow-commands`: running commands passes too. `--append-server-path`: `serverPath` is empty. */
export type FilterTerms = {allowsCommands: boolean; serverPath: string};

/**
`null` accepts. A page of another origin is refused whatever it sends: a simple POST and a WebSocket need no consent of ours.
Without `options` (`--disable-filter`) only what runs commands is refused.
@throws SpokeError ERR_USAGE for what is no regular expression
@see k8s.io/kubectl pkg/proxy/proxy_server.go FilterServer
*/
export function makeRequestFilter(options: FilterOptions | null, terms: FilterTerms): RequestFilter {
	const refusesCommand = (path: string) =>
		terms.allowsCommands ? null : refusedCommand(path.startsWith(`${terms.serverPath}/`) ? path.slice(terms.serverPath.length) : path);
	if (options === null) {
		return ({path}) => refusesCommand(path);
	}

	const acceptPaths = patterns('--accept-paths', options.acceptPaths);
	const rejectPaths = patterns('--reject-paths', options.rejectPaths);
	const acceptHosts = patterns('--accept-hosts', options.acceptHosts);
	const rejectMethods = patterns('--reject-methods', options.rejectMethods);
	const matches = (text: string, list: readonly RegExp[]) => list.some(pattern => pattern.test(text));
	return ({method, path, hosts, origins, fetchSites}) => {
		const [host] = hosts;
		if (hosts.length !== 1 || host === undefined || origins.length > 1) {
			return {status: 400, reason: 'one Host is needed, and at most one Origin'};
		}

		if (!matches(hostName(host), acceptHosts)) {
			return refused(`Host ${host} is not one of ours`);
		}

		if (origins.some(origin => !isSameOrigin(origin, host)) || fetchSites.some(site => site !== 'same-origin' && site !== 'none')) {
			return refused('it comes from a page of another origin');
		}

		if (matches(method, rejectMethods)) {
			return refused(`method ${method} is refused`);
		}

		const command = refusesCommand(path);
		if (command) {
			return command;
		}

		const asKubectl = decodedOnce(path);
		const variants = new Set([asKubectl, ...normalizedPaths(path)]);
		if (variants.size > mostSpellings || asKubectl.length > longestPath) {
			return refused('the path is too long, or percent-coded too often');
		}

		return variants.values().some(variant => matches(variant, rejectPaths)) || !matches(asKubectl, acceptPaths)
			? refused('the path is refused')
			: null;
	};
}

function refused(reason: string) {
	return {status: 403, reason} as const;
}

/** Dot segments could hide a command from the check; a path without them is what its spelling says. */
function refusedCommand(path: string) {
	if (hasDotSegments(path)) {
		return refused('the path has dot segments');
	}

	return runsCommands(path) ? refused('running commands is refused here: use spoke exec, attach or port-forward') : null;
}

function patterns(flag: string, text: string): RegExp[] {
	return text === ''
		? []
		: text.split(',').map(pattern => {
				try {
					return new RegExp(pattern);
				} catch (error) {
					throw new SpokeError('ERR_USAGE', `invalid argument for ${flag}: ${(error as Error).message}`, {cause: error});
				}
			});
}

/** `[::1]:8001` is `[::1]`, as its regular expression has it. */
function hostName(host: string): string {
	return host.replace(/:\d*$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
	return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

function hasDotSegments(path: string): boolean {
	return path
		.split('?', 1)[0]!
		.replaceAll(/%(?:25)*2e/gi, '.')
		.replaceAll(/%(?:25)*(?:2f|5c)|\\/gi, '/')
		.split('/')
		.some(segment => segment === '.' || segment === '..');
}

/** What Go calls URL.Path, which kubectl's filter sees: its codes are undone also where they come to no text. */
function decodedOnce(path: string): string {
	return path.split('?', 1)[0]!.replaceAll(/(?:%[\da-f]{2})+/gi, codes => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'));
}
