/** The display names of routes and audit states; JSON has their machine-readable names. */

/** For narrow screens. */
type Short = {short?: boolean};

/** The display name of a route. */
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

/** A text with the machine-readable names of routes replaced. */
export function replaceRouteNames(text: string, {short = false}: Short = {}): string {
	return text.replaceAll('egress-http-connect', () => routeName('egress-http-connect', {short}));
}

/** Audit states whose words need more than a blank in place of a hyphen, and their short form. */
const auditStates: Readonly<Record<string, readonly [string, string]>> = {
	'ca-equal': ['CA matches', 'CA matches'],
	listening: ['listening beyond loopback', 'listening'],
	'no-root-certificate': ['no root CA', 'no root CA'],
	'none-seen': ['none found', 'none found'],
	'partly-alive': ['partially alive', 'part alive'],
	'static-tokens': ['static tokens enabled', 'static tokens'],
	'your-leg': ['your connection unverified', 'unverified'],
};

/** The display name of an audit state: `konnectivity, TLS unknown`, `not used`, `CA matches`. */
export function stateName(state: string, {short = false}: Short = {}): string {
	const found = auditStates[state];
	return found
		? found[short ? 1 : 0]
		: state.replaceAll(/egress-http-connect|-/g, part => (part === '-' ? ' ' : replaceRouteNames(part, {short})));
}
