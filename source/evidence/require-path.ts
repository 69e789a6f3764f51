/** `--require` for one path. */
import {SpokeError} from '../base/errors/spoke-error.ts';
import type {RequireResult} from './audit/audit-object.ts';
import type {Basis, Leg, Path, Verdict} from './evidence.ts';
import {needsInOneLine, needsWithoutProbes, remedies, otherNeed} from './rules/needs.ts';

export const requirementNames = ['verified', 'tunnelled', 'protected'] as const;
export type RequirementName = (typeof requirementNames)[number];
export type MinBasis = 'proven' | 'inferred';

export type PathRequirement = {
	states: readonly RequirementName[];
	minBasis: MinBasis;
	/** Whether a path that cannot be decided is refused. */
	undecided: 'refuse' | 'allow';
	/** Who requires it, if not the command line: `FILE:LINE` of a policy, or `requiredInSession`. */
	source: string | null;
};

/** The source of a requirement by `:require`. The session removes no requirement, so nothing accepts what it refuses. */
export const requiredInSession = ':require';

const verifiedStates = new Set<string>(['verified', 'enforced']);
const tunnelStates = new Set<string>(['konnectivity', 'egress-http-connect', 'egress', 'ssh-tunnel']);

type Evaluated = {result: RequireResult; property: 'TLS state' | 'route' | 'exposure'; leg: Leg; verdict: Verdict<string>};

/** `undecided` also if the requirement allows such a stream to open. */
export function evaluateRequirement(path: Path, {states, minBasis}: Pick<PathRequirement, 'states' | 'minBasis'>): RequireResult {
	const results = states.map(state => evaluateState(path, state, minBasis).result);
	return results.find(result => result === 'not-met') ?? results.find(result => result === 'undecided') ?? 'met';
}

/** The verdict that decides: the first that is not met, else the first undecided. */
function evaluateState(path: Path, state: RequirementName, minBasis: MinBasis): Evaluated {
	const all = verdictsFor(path, state).map(({accepted, ...one}) => ({...one, result: evaluateVerdict(one.verdict, accepted, minBasis)}));
	return all.find(({result}) => result === 'not-met') ?? all.find(({result}) => result === 'undecided') ?? all[0]!;
}

function verdictsFor(
	{legs, exposure}: Path,
	state: RequirementName,
): ReadonlyArray<Omit<Evaluated, 'result'> & {accepted: ReadonlySet<string>}> {
	const leg = legs[1]!;
	return {
		verified: legs.map(one => ({property: 'TLS state' as const, leg: one, verdict: one.tls, accepted: verifiedStates})),
		tunnelled: [{property: 'route' as const, leg, verdict: leg.route, accepted: tunnelStates}],
		protected: [{property: 'exposure' as const, leg, verdict: exposure, accepted: new Set(['protected'])}],
	}[state];
}

/** @throws SpokeError ERR_USAGE for an invalid value, or for `--min-basis` without a requirement */
export function parsePathRequirements(asked: readonly string[], given: ReadonlySet<string>): readonly RequirementName[] {
	assertRequireFlags(asked, given);
	return asked.map(text => {
		const name = findRequirement(text);
		if (name === undefined) {
			throw new SpokeError('ERR_USAGE', `unknown requirement ${JSON.stringify(text)}: must be one of ${requirementNames.join(', ')}`);
		}

		return name;
	});
}

export function findRequirement(text: string): RequirementName | undefined {
	return requirementNames.find(name => name === text);
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
The message names the features, and what was observed of the first path that fails. `hasProbes`: the command has `--probe active`.
@throws SpokeError ERR_REQUIRE_NOT_MET, ERR_REQUIRE_UNDECIDED
*/
export function assertPathsMeet(
	paths: readonly Path[],
	{states, minBasis, undecided, source}: PathRequirement,
	{hasProbes = false}: {hasProbes?: boolean} = {},
): void {
	const evaluated = states.flatMap(state => paths.map(path => ({state, path, ...evaluateState(path, state, minBasis)})));
	for (const [result, code, phrase] of [
		['not-met', 'ERR_REQUIRE_NOT_MET', 'not met'],
		['undecided', 'ERR_REQUIRE_UNDECIDED', 'undecided'],
	] as const) {
		const failed = evaluated.filter(one => one.result === result);
		const [first] = failed;
		if (first && (result === 'not-met' || undecided === 'refuse')) {
			const features = [...new Set(failed.map(({path}) => path.feature))].join(', ');
			const by = source === null ? '' : `, required by ${source}`;
			const isAcceptable = paths.every(path => evaluateRequirement(path, {states, minBasis: 'inferred'}) === 'met');
			throw new SpokeError(
				code,
				`requirement ${phrase}: ${[...new Set(failed.map(({state}) => state))].join(', ')} (${features}${by}): ${describeVerdict(first)}`,
				{remedy: result === 'not-met' ? remedyOf(first) : whatWouldDecide(first, source, {isAcceptable, hasProbes})},
			);
		}
	}
}

/** `leg 2 is unverified, proven by kubelet-certificate-authority="" (GET /flagz)`. */
function describeVerdict({path, property, leg, verdict: {state, basis, evidence, why}}: Evaluated & {path: Path}): string {
	const named = `the ${property} of leg ${leg.n}`;
	if (state === 'unknown') {
		return `${named} is unknown${why === undefined ? '' : `: ${why}`}`;
	}

	const cited = path.evidence.find(({id}) => id === evidence[0]);
	const subject = property === 'route' ? named : `leg ${leg.n}`;
	return `${subject} is ${state}, ${basis}${cited === undefined ? '' : ` by ${cited.observed} (${cited.where})`}`;
}

/** What meets the requirement. A remedy of another finding of the leg may leave it unmet. */
function remedyOf({path: {findings}, state, leg}: {path: Path; state: RequirementName; leg: Leg}): string | null {
	if (state === 'tunnelled') {
		return remedies.tunnel;
	}

	if (leg.to === 'pod' || leg.to === 'service') {
		return state === 'verified' ? remedies.portForward : `${remedies.portForward}, which is protected if the apiserver verifies kubelets`;
	}

	return leg.to === 'node' ? null : (findings.find(finding => finding.leg === leg.n && finding.remedy !== null)?.remedy ?? null);
}

/** `isAcceptable`: inferred evidence would meet the requirement. If it shows that the requirement is not met, proof is no remedy. */
function whatWouldDecide(
	{path, state, verdict}: {path: Path; state: RequirementName; verdict: Verdict<string>},
	source: string | null,
	{isAcceptable, hasProbes}: {isAcceptable: boolean; hasProbes: boolean},
): string {
	const {result, leg} = evaluateState(path, state, 'inferred');
	const remedy = result === 'not-met' ? remedyOf({path, state, leg}) : null;
	if (remedy !== null) {
		return remedy;
	}

	const needs = hasProbes ? verdict.need : needsWithoutProbes(verdict.need, needPathWithProbes);
	return [
		...(needs.length === 0 ? [] : [`needs ${needsInOneLine(needs, {withChecks: true})}`]),
		...(isAcceptable && source !== requiredInSession
			? [`to accept it without proof, ${source === null ? 'pass --min-basis inferred' : 'set minBasis: inferred in the policy'}`]
			: []),
		'docs/policies.md says what each user can prove',
	].join('; ');
}

const needPathWithProbes = otherNeed('spoke path TARGET --probe active');

export function hasBasis(basis: Basis, minBasis: MinBasis): boolean {
	return basis === 'proven' || (minBasis === 'inferred' && basis === 'inferred');
}

function evaluateVerdict({state, basis, worst}: Verdict<string>, accepted: ReadonlySet<string>, minBasis: MinBasis): RequireResult {
	if (worst && !accepted.has(worst.state) && hasBasis(worst.basis, minBasis)) {
		return 'not-met';
	}

	if (state === 'unknown' || !hasBasis(basis, minBasis)) {
		return 'undecided';
	}

	return accepted.has(state) ? 'met' : 'not-met';
}
