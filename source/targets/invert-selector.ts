/** The label selector of everything that another one leaves out. */

/**
Of a selector that the apiserver takes. `null` where no selector says it: several requirements are met together, and a number is compared one way only.
A value that is excluded fits also what has no such label, so the inverse is exact.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/labels/selector.go Requirement.Matches
*/
export function invertSelector(selector: string): string | null {
	const found =
		/^\s*(?<not>!)?\s*(?<key>[^\s=!(),<>]+)\s*(?:(?<sign>==?|!=)\s*(?<value>[^\s=!(),<>]*)|(?<set>in|notin)\s*(?<values>\([^)]*\)))?\s*$/.exec(
			selector,
		)?.groups;
	if (!found) {
		return null;
	}

	const {not, key, sign, value = '', set, values} = found;
	if (set !== undefined) {
		return `${key} ${set === 'in' ? 'notin' : 'in'} ${values}`;
	}

	return sign === undefined ? `${not === undefined ? '!' : ''}${key}` : `${key}${sign === '!=' ? '=' : '!='}${value}`;
}
