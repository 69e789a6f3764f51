/** `--require` for one path. */
import {SpokeError} from '../errors/spoke-error.ts';
import type {RequireResult} from './audit/audit-object.ts';
import type {Basis, Path} from './evidence.ts';

export const requirementNames = ['verified', 'tunnelled', 'protected'] as const;
export type RequirementName = (typeof requirementNames)[number];
export type MinBasis = 'proven' | 'inferred';

const verifiedStates = new Set<string>(['verified', 'enforced']);
const tunnelStates = new Set<string>(['konnectivity', 'egress-http-connect', 'egress', 'ssh-tunnel']);

export function evaluatePath({legs, crossing}: Path, word: RequirementName, minBasis: MinBasis): RequireResult {
	switch (word) {
		case 'verified': {
			return worst(legs.map(({tls}) => evaluate(tls, verifiedStates, minBasis)));
		}

		case 'tunnelled': {
			return worst(legs.filter(({n}) => n === 2).map(({route}) => evaluate(route, tunnelStates, minBasis)));
		}

		case 'protected': {
			return evaluate(crossing, new Set(['protected']), minBasis);
		}
	}
}

/** @throws SpokeError ERR_USAGE for an invalid value, or for `--min-basis` without a requirement */
export function parsePathRequirements(asked: readonly string[], given: ReadonlySet<string>): readonly RequirementName[] {
	assertRequireFlags(asked, given);
	const words = asked.map(word => requirementOf(word));
	const unknown = words.find(word => !requirementNames.includes(word as RequirementName));
	if (unknown !== undefined) {
		throw new SpokeError('ERR_USAGE', `unknown requirement ${JSON.stringify(unknown)}: must be one of ${requirementNames.join(', ')}`);
	}

	return words as readonly RequirementName[];
}

/** The contract spells `tunnelled`; the American spelling is accepted too. */
export function requirementOf(text: string): string {
	return text === 'tunneled' ? 'tunnelled' : text;
}

/** @throws SpokeError ERR_USAGE when `--require` is empty, or missing with `--min-basis` */
export function assertRequireFlags(input: readonly string[], given: ReadonlySet<string>): void {
	// A check must not pass because a shell variable is empty.
	if (given.has('require') && input.length === 0) {
		throw new SpokeError('ERR_USAGE', '--require has no value');
	}

	if (given.has('min-basis') && !given.has('require')) {
		throw new SpokeError('ERR_USAGE', '--min-basis sets the basis that a requirement needs: pass --require with it');
	}
}

/**
The message names the features.
@throws SpokeError ERR_REQUIRE_NOT_MET, ERR_REQUIRE_UNDECIDED
*/
export function assertPathsMeet(paths: readonly Path[], words: readonly RequirementName[], minBasis: MinBasis): void {
	const evaluated = words.flatMap(word => paths.map(path => ({word, feature: path.feature, result: evaluatePath(path, word, minBasis)})));
	for (const [result, code, phrase] of [
		['not-met', 'ERR_REQUIRE_NOT_MET', 'not met'],
		['undecided', 'ERR_REQUIRE_UNDECIDED', 'undecided'],
	] as const) {
		const failed = evaluated.filter(one => one.result === result);
		if (failed.length > 0) {
			const features = [...new Set(failed.map(({feature}) => feature))].join(', ');
			throw new SpokeError(code, `requirement ${phrase}: ${[...new Set(failed.map(({word}) => word))].join(', ')} (${features})`);
		}
	}
}

export function hasBasis(basis: Basis, minBasis: MinBasis): boolean {
	return basis === 'proven' || (minBasis === 'inferred' && basis === 'inferred');
}

function evaluate({state, basis}: {state: string; basis: Basis}, accepted: ReadonlySet<string>, minBasis: MinBasis): RequireResult {
	if (state === 'unknown' || !hasBasis(basis, minBasis)) {
		return 'undecided';
	}

	return accepted.has(state) ? 'met' : 'not-met';
}

function worst(results: readonly RequireResult[]): RequireResult {
	return results.find(result => result === 'not-met') ?? results.find(result => result === 'undecided') ?? 'met';
}
