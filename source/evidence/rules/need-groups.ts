/** Groups of needs: one need of each group is required. Needs without a group are alternatives. */
import type {Need} from '../evidence.ts';

/**
One need of each list is needed. A list that another one implies is dropped, because whatever meets the other meets it, too. The result has
groups only if several lists remain.
*/
export function needsOfEach(...lists: ReadonlyArray<readonly Need[]>): readonly Need[] {
	const groups = lists.flatMap(list => needGroups(list));
	const least = groups.filter(
		(group, index) =>
			!groups.some(
				(other, at) => at !== index && isWithin(other, group) && (other.length < group.length || (at < index && isWithin(group, other))),
			),
	);
	return least.length < 2
		? least.flatMap(group => group.map(need => withoutGroup(need)))
		: least.flatMap((group, index) => group.map(need => ({...need, group: index + 1})));
}

/** The alternatives of each group, in the order of the needs. Equal needs of a group count once. */
export function needGroups(needs: readonly Need[]): ReadonlyArray<readonly Need[]> {
	return [...Map.groupBy(needs, ({group = 1}) => group).values()].map(group =>
		group.filter((need, index) => group.findIndex(one => isEqual(one, need)) === index),
	);
}

function isWithin(group: readonly Need[], other: readonly Need[]): boolean {
	return group.every(need => other.some(one => isEqual(one, need)));
}

function isEqual(one: Need, other: Need): boolean {
	return one.permission === other.permission && one.or === other.or;
}

/** The same object if it has none, because rules compare needs by identity. */
function withoutGroup(need: Need): Need {
	if (need.group === undefined) {
		return need;
	}

	const {permission, check, or} = need;
	return {permission, check, or};
}
