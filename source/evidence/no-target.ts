/** The target of a path whose target does not matter. */
import type {ResolvedTarget} from './evidence.ts';

export const noTarget: ResolvedTarget = {
	asked: '',
	kind: 'Pod',
	namespace: null,
	name: '',
	uid: null,
	node: null,
	container: null,
	chosenFrom: 0,
};
