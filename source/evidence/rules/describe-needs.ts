/** Needs in words. */
import type {Need} from '../evidence.ts';
import {needGroups} from './need-groups.ts';

export type NeedPart = {role: 'needs' | 'or' | 'and'; text: string; short: string};

/** Permissions come before what else can settle the verdict. The role joins each part to the one before. */
export function describeNeeds(needs: readonly Need[]): NeedPart[] {
	const groups = needGroups(needs).map(group => alternatives(group));
	return groups.flatMap((group, at) =>
		group.map(({text, short}, index): NeedPart => {
			const lead = index === 0 && groups.length > 1 && group.length > 1 ? 'one of: ' : '';
			return {role: index > 0 ? 'or' : at > 0 ? 'and' : 'needs', text: `${lead}${text}`, short: `${lead}${short}`};
		}),
	);
}

/** `get nonResourceURL /flagz, or list pods in kube-system, or --probe active`. */
export function needsInOneLine(needs: readonly Need[], {withChecks = false}: {withChecks?: boolean} = {}): string {
	return describeNeeds(needs)
		.map(({role, text, short}) => `${role === 'needs' ? '' : role === 'or' ? ', or ' : '; and '}${withChecks ? text : short}`)
		.join('');
}

function alternatives(group: readonly Need[]): ReadonlyArray<{text: string; short: string}> {
	const permissions = group.flatMap(({permission, check}) =>
		permission === null ? [] : [{text: check === null ? permission : `${permission} (${check})`, short: permission}],
	);
	const others = new Set(group.flatMap(({or}) => or ?? []));
	return [...permissions, ...[...others].map(text => ({text, short: text}))];
}
