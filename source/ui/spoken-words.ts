/** Words that are the same wherever they are spoken. */
import type {Leg, Path} from '../posture/evidence.ts';
import {legEnd} from '../output/leg-end.ts';
import {routeWord} from './path-words.ts';

/** Lines of a tail or text that are read at once: a page. */
export const spokenPage = 3;

/** `Leg 2, apiserver to kubelet n7: unverified, proven; by konnectivity, inferred.` */
export function legSentences(path: Path): string[] {
	return path.legs.map((leg: Leg) => `Leg ${leg.n}, ${leg.from} to ${legEnd(leg)}${leg.n === 2 && path.target.node !== null ? ` ${path.target.node}` : ''}: ${leg.tls.state === 'unknown' ? 'TLS unknown' : `${leg.tls.state}, ${leg.tls.basis}`}; ${leg.route.state === 'unknown' ? 'route unknown' : `by ${routeWord(leg.route.state)}, ${leg.route.basis}`}.`);
}
