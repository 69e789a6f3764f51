/** Verdicts in words, for the rows of given.ts. */
import type {ExecutionContext} from 'ava';
import type {Basis, Need, Observations, RouteState, RuleVerdict, TlsState} from '../../source/evidence/evidence.ts';
import {needGroups} from '../../source/evidence/rules/needs.ts';
import * as needs from '../../source/evidence/rules/needs.ts';
import type {RouteVerdict} from '../../source/evidence/rules/second-leg-route.ts';
import {given} from './given.ts';
import {stepTest} from './observations.ts';

type AnyVerdict = RuleVerdict<string> & {protocol?: string | null};

/**
`expected` is `STATE BASIS [PROTOCOL]`, or `unknown`, and on demand `; needs NAME or NAME`, `; because REASON` and, for each citation,
`; shows RULE: OBSERVED`. A state that is not unknown has evidence; an unknown one has a need or a reason.
*/
export function assertVerdict(t: ExecutionContext, verdict: AnyVerdict, observations: Observations, expected: string): void {
	const isWanted = (word: string) => expected.includes(`; ${word} `);
	const words = [
		verdictWords(verdict),
		...(isWanted('needs') ? [`needs ${needWords(verdict.need, observations)}`] : []),
		...(isWanted('because') ? [`because ${verdict.why ?? 'nothing'}`] : []),
		...(isWanted('shows') ? verdict.citations.map(({rule, observed}) => `shows ${rule}: ${observed}`) : []),
	];
	t.is(words.join('; '), expected);
	t.true(verdict.state === 'unknown' ? verdict.need.length > 0 || verdict.why !== undefined : verdict.citations.length > 0);
}

/** Facts of given.ts with verdicts of leg 2 among them: `tls unverified proven; route direct inferred`. `forged`: a kubelet could have. */
export function givenVerdicts(facts: string): {observations: Observations; tls: RuleVerdict<TlsState>; route: RouteVerdict} {
	const [others, verdicts] = [false, true].map(isVerdict =>
		facts.split('; ').filter(fact => /^(?:tls|route) /.test(fact) === isVerdict),
	) as [string[], string[]];
	const verdictOf = <State extends string>(leg: string): RuleVerdict<State> => {
		const [, state = 'unknown', basis = 'unknown', forged] = verdicts.find(fact => fact.startsWith(leg))?.split(' ') ?? [];
		return {
			state: state as State,
			basis: basis as Basis,
			authors: state === 'unknown' ? [] : forged ? ['apiserver', 'kubelet'] : ['apiserver'],
			citations: [],
			need: [],
		};
	};

	return {
		observations: given(others.join('; ')),
		tls: verdictOf('tls'),
		route: {...verdictOf<RouteState>('route'), protocol: null, agent: null},
	};
}

export function verdictWords({state, basis, protocol}: Pick<AnyVerdict, 'state' | 'basis' | 'protocol'>): string {
	return [state, ...(basis === state ? [] : [basis]), ...(protocol ? [protocol] : [])].join(' ');
}

/** `flagz or mirror-pods`: the names of needs.ts. Needs of several groups are `(a or b) and (c)`. */
export function needWords(need: readonly Need[], observations: Pick<Observations, 'purpose'>): string {
	const groups = needGroups(need).map(group => group.map(one => needName(one, observations)).join(' or '));
	return groups.length === 0 ? 'nothing' : groups.length === 1 ? groups[0]! : groups.map(group => `(${group})`).join(' and ');
}

function needName({group: _, ...need}: Need, observations: Pick<Observations, 'purpose'>): string {
	const isSame = (other: Need) => JSON.stringify(other) === JSON.stringify(need);
	const named = namedNeeds(observations);
	const name = named.find(([, other]) => isSame(other))?.[0];
	const probed = named.find(([, other]) => isSame({...other, or: null}))?.[0];
	return name ?? (probed === undefined ? (need.permission ?? need.or ?? '') : `${probed}-without-probes`);
}

function namedNeeds(observations: Pick<Observations, 'purpose'>): ReadonlyArray<[name: string, need: Need]> {
	const {facts, ...step} = stepTest('http-connect');
	return [
		...Object.entries(needs).flatMap(([name, need]): Array<[string, Need]> =>
			typeof need === 'object' && 'or' in need
				? [
						[
							name
								.replace('need', '')
								.replaceAll(/(?<!^)[A-Z]/g, '-$&')
								.toLowerCase(),
							need,
						],
					]
				: [],
		),
		['open-connection', needs.needOpenConnection(observations)],
		['steady-agents', needs.needOfAgents({stepTests: [{...step, facts: {...facts, agentsRead: true}}]})],
	];
}
