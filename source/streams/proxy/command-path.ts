/** Recognizes paths that run commands or open ports. */

/** Endpoints that the kubelet authorizes as plain `nodes/proxy` (kubelet pkg/server/auth.go). */
const kubeletCommands = /^\/(?:exec|run|attach|portforward|cri)(?![\w.-])/;

const podCommands = /^\/api\/.*\/pods\/[^/]+\/(?:exec|attach|portforward)(?![\w.-])/;
// The first `/proxy` is the node's: a namespace in the kubelet's path can also be called `nodes`.
const nodeCommands = /^\/api\/.*?\/nodes\/[^/]+\/proxy(\/.*)/;

/** Shells and screens of virtual machines (KubeVirt). */
const machineCommands = /^\/apis\/subresources\.[^/]+\/.*\/(?:console|vnc|portforward|usbredir|vsock)(?![\w.-])/;

/** Whether an apiserver path, as received, runs a command. */
export function runsCommands(path: string): boolean {
	return normalizedPaths(path).some(
		spelling =>
			podCommands.test(spelling) || machineCommands.test(spelling) || kubeletCommands.test(nodeCommands.exec(spelling)?.[1] ?? ''),
	);
}

/** Whether a kubelet path, after `/proxy`, runs a command. */
export function runsKubeletCommands(path: string): boolean {
	return normalizedPaths(path).some(spelling => kubeletCommands.test(spelling));
}

/** Decoded zero, one, two… times, in lowercase, with dot segments resolved as a server does. */
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
