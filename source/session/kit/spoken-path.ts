/** Spoken sentences about a path. */
import {describeEnd, describeExpectedFailure, describeLeg} from '../../descriptions/describe-path.ts';
import type {Path} from '../../evidence/evidence.ts';
import {clockTime} from '../../text/format-time.ts';
import {sanitize} from '../../text/sanitize.ts';

export function isScreenReaderEnabled(env: NodeJS.ProcessEnv): boolean {
	return env['INK_SCREEN_READER'] === 'true';
}

/** Lines per spoken page. */
export const spokenPage = 3;

/** `Leg 2, apiserver to kubelet n7: unverified, proven; by konnectivity, inferred.` */
export function legSentences(path: Path): string[] {
	const ended = describeEnd(path);
	const failure = describeExpectedFailure(path);
	return [
		...(ended === '' ? [] : [`The connection ${ended}. It was:`]),
		...path.legs
			.map(leg => describeLeg(path, leg))
			.map(({n, from, to, name, tls, route}) => {
				const how = route.name === 'direct' ? 'directly' : `by ${route.name}`;
				const end = `${to} ${name}`.trim();
				return `Leg ${n}, ${from} to ${end}: ${withBasis(tls.name, tls.basis)}; ${withBasis(route.basis === null ? route.name : how, route.basis)}.`;
			}),
		...(failure === null
			? []
			: [
					`Leg ${failure.leg} ${failure.time === null ? 'would fail' : `failed at ${clockTime(failure.time)}`}${failure.otherEnd === null ? '' : ` to ${failure.otherEnd}`}: ${failure.message}.`,
				]),
	].map(sentence => sanitize(sentence));
}

function withBasis(name: string, basis: string | null): string {
	return basis === null ? name : `${name}, ${basis}`;
}
