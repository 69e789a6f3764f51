/** Recognizes paths that run commands or open ports, in any spelling. */

/** The kubelet's own, which its authorization takes for plain `nodes/proxy` (kubelet pkg/server/auth.go). */
const kubeletCommands = /^\/(?:exec|run|attach|portforward|cri)(?![\w.-])/;

const podCommands = /^\/api\/.*\/pods\/[^/]+\/(?:exec|attach|portforward)(?![\w.-])/;
// The first `/proxy` is the node’s: a namespace of the kubelet’s path may be called `nodes`, too.
const nodeCommands = /^\/api\/.*?\/nodes\/[^/]+\/proxy(\/.*)/;

/** `path` is the apiserver's, as it came: exec, attach and portforward of a pod, and what a kubelet runs through its node's proxy. */
export function runsCommands(path: string): boolean {
	return normalizedPaths(path).some(spelling => podCommands.test(spelling) || kubeletCommands.test(nodeCommands.exec(spelling)?.[1] ?? ''));
}

/** `path` is the kubelet's own, behind `/proxy`. */
export function runsKubeletCommands(path: string): boolean {
	return normalizedPaths(path).some(spelling => kubeletCommands.test(spelling));
}

/**
 * The path as it came, decoded once, twice… until it stays the same, each with slashes and dot segments as a server would clean them, in
 * lower case.
 */
export function normalizedPaths(path: string): string[] {
	let text = path.split('?', 1)[0]!;
	const paths = [clean(text)];
	for (let round = 0; round < 16; round++) {
		const next = text.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
		if (next === text) {
			break;
		}

		text = next;
		paths.push(clean(text));
	}

	return paths;
}

function clean(path: string): string {
	const segments: string[] = [];
	for (const segment of path.replaceAll('\\', '/').toLowerCase().split('/')) {
		if (segment === '..') {
			segments.pop();
		} else if (segment !== '' && segment !== '.') {
			segments.push(segment);
		}
	}

	return `/${segments.join('/')}`;
}
