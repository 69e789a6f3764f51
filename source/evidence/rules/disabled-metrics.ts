/** Whether an absent metric family is evidence. */
import type {Observations} from '../evidence.ts';
import {resolveApiserverFlag} from './apiserver-flag.ts';

/**
A family that may be disabled means nothing when absent. Flags name the disabled families; if they were not read, the metrics count them.
@see staging/src/k8s.io/component-base/metrics/registry.go (disabled_metrics_total)
*/
export function mayBeDisabled(observations: Observations, family: RegExp): boolean {
	const flag = resolveApiserverFlag(observations, 'disabled-metrics', () => 'disabled-metrics');
	const isSome = observations.metrics.some(({facts}) => (facts.familiesLeftOut ?? 0) > 0);
	// The families of another apiserver say nothing about this one.
	return flag.known && flag.basis === 'proven' ? family.test(flag.value) : isSome || (flag.known && family.test(flag.value));
}
