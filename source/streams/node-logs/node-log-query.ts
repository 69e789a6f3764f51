/** A query of a node's logs, which its kubelet answers (KEP-2258, NodeLogQuery). */

export type NodeLogQuery = ServiceQuery | FileQuery;

/** Up to four, each with its unit in the journal or its file `NAME`, `NAME.log` or `NAME/NAME.log`. */
export type ServiceQuery = {kind: 'services'; services: readonly string[]; options: NodeLogOptions};

/** Below `/var/log`, without a leading slash. With a slash at its end, or empty: the names in that directory. */
export type FileQuery = {kind: 'file'; file: string};

/** The kubelet applies them to the journal only. */
export type NodeLogOptions = {
	/** RFC 3339. The kubelet passes it to journalctl without its zone, which is then that of the node. */
	sinceTime?: string;
	tailLines?: number;
	/** 0: the current boot; -1: the one before. */
	boot?: number;
	/** A PCRE2 expression on Linux. */
	pattern?: string;
};

/**
The request's path after `…/proxy`. A file is requested by its path, because a kubelet serves that without `enableSystemLogQuery`, too.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet.go#L1852
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go newNodeLogQuery
*/
export function nodeLogPath(query: NodeLogQuery): string {
	if (query.kind === 'file') {
		return `/logs/${query.file
			.split('/')
			.map(part => encodeURIComponent(part))
			.join('/')}`;
	}

	const parameters = new URLSearchParams(query.services.map((service): [string, string] => ['query', service]));
	for (const [name, value] of Object.entries(query.options)) {
		parameters.set(name, String(value));
	}

	return `/logs/?${parameters.toString()}`;
}

export function isDirectory({file}: FileQuery): boolean {
	return file === '' || file.endsWith('/');
}
