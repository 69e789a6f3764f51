/** What spoke claims of leg 2 in any of its outputs, and whether an adversary raised it above the truth. */
import type {Path} from '../../../source/evidence/evidence.ts';
import type {Truth} from '../lab/truth.ts';
import {isTrueTls} from './matrix-cells.ts';
import {objectsIn} from './cluster.ts';

/** Every path within the JSON lines of an output: of `path`, streams, forwards, doctor, and results of `mcp`. */
export function pathsWithin(output: string): Path[] {
	return objectsIn<unknown>(output).flatMap(object => pathsOf(object));
}

function pathsOf(value: unknown): Path[] {
	if (typeof value !== 'object' || value === null) {
		return [];
	}

	return (value as {kind?: unknown}).kind === 'Path' ? [value as Path] : Object.values(value).flatMap(one => pathsOf(one));
}

/**
False claims about a leg 2 to a kubelet, as words. `mayInfer`: behind a gateway, an inferred claim can be false. What a failure says of
itself (`refused`, inferred) names the failure, whoever wrote it, and makes nothing better.
*/
export function falseClaims(paths: readonly Path[], truth: Truth, {mayInfer = false} = {}): string[] {
	return paths.flatMap(path => {
		const [, second] = path.legs;
		if (second?.to !== 'kubelet') {
			return [];
		}

		const {state: exposure} = path.exposure;
		const {state, basis} = second.tls;
		const isOfFailure = state === 'refused' && basis === 'inferred';
		return [
			...(state === 'unknown' || isOfFailure || isTrueTls(path, truth) ? [] : [`TLS ${state} ${basis}`]),
			...(second.route.state === 'unknown' || truth.routes.includes(second.route.state)
				? []
				: [`route ${second.route.state} ${second.route.basis}`]),
			...(exposure === 'unknown' || exposure === truth.exposure ? [] : [`exposure ${exposure} ${path.exposure.basis}`]),
		]
			.filter(claim => !mayInfer || claim.endsWith('proven'))
			.map(claim => `${path.feature}: ${claim}: ${path.line}`);
	});
}
