/** Controller loop: runs all controllers once after a batch of changes. */
import type {ObjectStore} from '../objects/object-store.ts';
import {reconcileCronJobs} from './cron-jobs.ts';
import {reconcileEndpoints} from './endpoints.ts';
import {reconcileWorkloads} from './workloads.ts';

const watched = new Set(['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs', 'cronjobs', 'pods', 'services', 'nodes']);

/** Cron jobs become due without a change. */
const cronIntervalMs = 1000;

/** Returns a function that stops the controllers. */
export function startControllers(store: ObjectStore): () => void {
	let due: NodeJS.Immediate | undefined;
	const reconcile = () => {
		due = undefined;
		reconcileCronJobs(store);
		reconcileWorkloads(store);
		reconcileEndpoints(store);
	};

	const unwatch = store.onChange(({resource}) => {
		if (watched.has(resource)) {
			due ??= setImmediate(reconcile);
		}
	});
	reconcile();
	const clock = setInterval(() => {
		reconcileCronJobs(store);
	}, cronIntervalMs).unref();
	return () => {
		clearInterval(clock);
		unwatch();
		clearImmediate(due);
	};
}
