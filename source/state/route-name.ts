/** Display names of routes. */

type Short = {short?: boolean};

export function routeName(state: string, {short = false}: Short = {}): string {
	const words: Readonly<Record<string, readonly [string, string]>> = {
		konnectivity: ['konnectivity', 'konn'],
		'egress-http-connect': ['egress http-connect', 'http-conn'],
		'ssh-tunnel': ['ssh tunnel', 'ssh'],
		unknown: ['route unknown', 'route?'],
	};
	const found = words[state];
	return found ? found[short ? 1 : 0] : state;
}

export function replaceRouteNames(text: string, {short = false}: Short = {}): string {
	return text.replaceAll('egress-http-connect', () => routeName('egress-http-connect', {short}));
}
