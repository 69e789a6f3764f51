/** What a path line means, in a sentence a newcomer understands. */
import type {Path, RouteState, TlsState} from '../../evidence/evidence.ts';

const routes: Readonly<Record<RouteState, string>> = {
	direct: 'the control plane connects straight to it',
	proxy: 'through a proxy of the environment',
	konnectivity: 'through Konnectivity: an agent on the nodes’ side dialled out and carries it',
	'egress-http-connect': 'through an HTTP CONNECT egress proxy',
	egress: 'through an egress proxy of unknown kind',
	'ssh-tunnel': 'through an SSH tunnel, as clusters before 1.22 had',
	unknown: 'by a route that could not be told',
};

const certificates: Readonly<Record<TlsState, string>> = {
	verified: 'its certificate was checked, so nobody in between can read or change it',
	unverified: 'encrypted, but nobody checked who answers: whoever stands in between could read and change it',
	plain: 'not encrypted at all',
	refused: 'its certificate was checked and not accepted, so nothing was sent',
	unknown: 'whether its certificate is checked could not be told',
};

/** About the second leg; the first one of a sandbox is always verified. */
export function explainPath({legs}: Pick<Path, 'legs'>): string {
	const second = legs[1]!;
	return `${second.to}: ${routes[second.route.state]} (${second.route.basis}); ${certificates[second.tls.state]} (${second.tls.basis})`;
}
