/** Does it mean something that a family is not in an apiserver's metrics? */
import type {Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';

/**
Whether the apiserver may have been told to leave a family out of its metrics: then it means nothing that the family is not there.
Which are left out is in its flags; where those were not read, how many are is in the metrics themselves.
@see staging/src/k8s.io/component-base/metrics/registry.go (disabled_metrics_total)
*/
export function mayBeDisabled(observations: Observations, family: RegExp): boolean {
	const flag = resolveApiserverFlag(observations, 'disabled-metrics', () => 'disabled-metrics');
	const isSome = observations.metrics.some(({facts}) => (facts.familiesLeftOut ?? 0) > 0);
	// What another apiserver leaves out says nothing of what this one does.
	return flag.known && flag.basis === 'proven' ? family.test(flag.value) : isSome || (flag.known && family.test(flag.value));
}
