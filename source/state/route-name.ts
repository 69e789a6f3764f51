/** Display names of routes and audit states. */

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

const auditStates: Readonly<Record<string, readonly [string, string]>> = {
	'ca-equal': ['CA matches', 'CA matches'],
	listening: ['listening beyond loopback', 'listening'],
	'no-root-certificate': ['no root CA', 'no root CA'],
	'none-seen': ['none found', 'none found'],
	'partly-alive': ['partially alive', 'part alive'],
	'static-tokens': ['static tokens enabled', 'static tokens'],
	'your-leg': ['your connection unverified', 'unverified'],
};

/** `konnectivity, TLS unknown`, `not used`, `CA matches`. */
export function stateName(state: string, {short = false}: Short = {}): string {
	const found = auditStates[state];
	return found
		? found[short ? 1 : 0]
		: state.replaceAll(/egress-http-connect|-/g, part => (part === '-' ? ' ' : replaceRouteNames(part, {short})));
}
