/** Runs the controllers after each change, once for changes that come together. */
import type {ObjectStore} from '../objects/object-store.ts';
import {reconcileCronJobs} from './cron-jobs.ts';
import {reconcileEndpoints} from './endpoints.ts';
import {reconcileWorkloads} from './workloads.ts';

const watched = new Set(['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs', 'pods', 'services', 'nodes']);

/** A cron job is due without any change. */
const clockMs = 1000;

/** Brings the store to rest once, then follows it; returns what ends it. */
export function startControllers(store: ObjectStore): () => void {
	let due: NodeJS.Immediate | undefined;
	const look = () => {
		due = undefined;
		reconcileCronJobs(store);
		reconcileWorkloads(store);
		reconcileEndpoints(store);
	};

	const unwatch = store.onChange(({resource}) => {
		if (watched.has(resource)) {
			due ??= setImmediate(look);
		}
	});
	look();
	const clock = setInterval(() => {
		reconcileCronJobs(store);
	}, clockMs).unref();
	return () => {
		clearInterval(clock);
		unwatch();
		clearImmediate(due);
	};
}
