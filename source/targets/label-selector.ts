/** A workload's selector as the text that a list is asked with. */
import type {LabelSelector} from './pod-object.ts';

/**
`a=b,c in (d,e),!f`. `undefined` when the selector selects nothing, as Kubernetes reads a missing one.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go LabelSelectorAsSelector
*/
export function selectorText(selector: LabelSelector | undefined): string | undefined {
	if (!selector) {
		return undefined;
	}

	const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
	const expressions = (selector.matchExpressions ?? []).map(({key, operator, values = []}) => {
		switch (operator) {
			case 'In': {
				return `${key} in (${values.join(',')})`;
			}

			case 'NotIn': {
				return `${key} notin (${values.join(',')})`;
			}

			case 'Exists': {
				return key;
			}

			default: {
				return `!${key}`;
			}
		}
	});
	return [...labels, ...expressions].join(',');
}
