/** What routes and states are called on every screen: those of rows and paths are written for programs. */

/** Where there is little room. */
type Short = {short?: boolean};

/** The name that a route has on every screen. */
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

/** A state or sentence that is written for programs, with the route by the name that it has on every screen. */
export function replaceRouteNames(text: string, {short = false}: Short = {}): string {
	return text.replaceAll('egress-http-connect', () => routeName('egress-http-connect', {short}));
}

/** The same for a state alone, whose words are joined: `konnectivity, TLS unknown`, `not used`. */
export function stateName(state: string, {short = false}: Short = {}): string {
	return state
		.replaceAll(/egress-http-connect|-/g, found => (found === '-' ? ' ' : replaceRouteNames(found, {short})))
		.replace(/^ca\b/, 'CA');
}
