/** Spoken sentences about a path. */
import type {Leg, Path} from '../evidence/evidence.ts';
import {legEnd} from '../output/path-report.ts';
import {routeName} from '../state/route-name.ts';
import {clockTime} from '../text/format-time.ts';
import {sanitize} from '../text/sanitize.ts';
import {describeEnd} from './path-line.ts';

export function isScreenReaderEnabled(env: NodeJS.ProcessEnv): boolean {
	return env['INK_SCREEN_READER'] === 'true';
}

/** Lines per spoken page. */
export const spokenPage = 3;

/** `Leg 2, apiserver to kubelet n7: unverified, proven; by konnectivity, inferred.` */
export function legSentences(path: Path): string[] {
	const {legs, target, broken} = path;
	const ended = describeEnd(path);
	return [
		...(ended === '' ? [] : [`The connection ${ended}. It was:`]),
		...legs.map(leg => {
			const node = leg.n === 2 && target.node !== null ? ` ${target.node}` : '';
			return `Leg ${leg.n}, ${leg.from} to ${legEnd(leg)}${node}: ${tlsText(leg)}; ${routeText(leg)}.`;
		}),
		...(broken
			? [`Leg ${broken.leg} ${broken.time === null ? 'would fail' : `failed at ${clockTime(broken.time)}`}: ${sanitize(broken.message)}.`]
			: []),
	];
}

function tlsText({tls: {state, basis}}: Leg): string {
	return state === 'unknown' ? 'TLS unknown' : `${state}, ${basis}`;
}

function routeText({route: {state, basis}}: Leg): string {
	return state === 'unknown' ? 'route unknown' : `${state === 'direct' ? 'directly' : `by ${routeName(state)}`}, ${basis}`;
}
