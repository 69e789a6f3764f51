/** Cron job controller. */
import {parseSchedule} from '../objects/cron-schedule.ts';
import {apiTime, type StoredObjects} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {ownedBy, ownerOf} from './workload-pods.ts';

const minuteMs = 60_000;

export function reconcileCronJobs(store: ObjectStore, now = new Date()): void {
	for (const cronJob of store.list('cronjobs')) {
		const minute = Math.floor(now.getTime() / minuteMs);
		const existedAtMinuteStart = Date.parse(cronJob.metadata.creationTimestamp) < minute * minuteMs;
		if (existedAtMinuteStart && !cronJob.spec.suspend && parseSchedule(cronJob.spec.schedule)?.(now)) {
			createJob(store, cronJob, minute);
		}

		deleteOldJobs(store, cronJob);
		updateStatus(store, cronJob);
	}
}

/** Creates at most one job per minute, with the name that the real controller would give it. */
export function createJob(store: ObjectStore, cronJob: StoredObjects['cronjobs'], minute: number): void {
	const {name: own, namespace} = cronJob.metadata;
	const name = `${own}-${minute}`;
	if (store.get('jobs', namespace, name) || (cronJob.status?.lastScheduleTime ?? '') >= apiTime(new Date(minute * minuteMs))) {
		return;
	}

	const {metadata, spec} = cronJob.spec.jobTemplate;
	store.create('jobs', {
		metadata: {
			name,
			namespace: namespace!,
			...(metadata?.labels && {labels: metadata.labels}),
			generation: 1,
			ownerReferences: ownerOf(cronJob),
		},
		spec: {completions: 1, parallelism: 1, backoffLimit: 6, ...structuredClone(spec)},
	});
	store.update('cronjobs', namespace, own, copy => {
		copy.status = {...copy.status, lastScheduleTime: apiTime(new Date(minute * minuteMs))};
	});
}

function deleteOldJobs(store: ObjectStore, cronJob: StoredObjects['cronjobs']): void {
	const done = ownedBy(store, 'jobs', cronJob)
		.filter(isDone)
		.toSorted((one, other) => (one.metadata.creationTimestamp < other.metadata.creationTimestamp ? 1 : -1));
	for (const job of done.slice(cronJob.spec.successfulJobsHistoryLimit ?? 3)) {
		for (const {
			metadata: {namespace, name},
		} of ownedBy(store, 'pods', job)) {
			store.update('pods', namespace, name, pod => {
				pod.metadata.deletionTimestamp ??= apiTime();
			});
		}

		store.delete('jobs', job.metadata.namespace, job.metadata.name);
	}
}

function updateStatus(store: ObjectStore, cronJob: StoredObjects['cronjobs']): void {
	const jobs = ownedBy(store, 'jobs', cronJob);
	const active = jobs
		.filter(job => !isDone(job))
		.map(({apiVersion, kind, metadata: {name, namespace, uid}}) => ({apiVersion, kind, name, namespace: namespace!, uid}));
	const ends = jobs
		.filter(isDone)
		.map(job => job.status!.completionTime!)
		.toSorted();
	store.update('cronjobs', cronJob.metadata.namespace, cronJob.metadata.name, copy => {
		const {active: _, ...status} = copy.status ?? {};
		copy.status = {...status, ...(active.length > 0 && {active}), ...(ends.length > 0 && {lastSuccessfulTime: ends.at(-1)!})};
	});
}

function isDone(job: StoredObjects['jobs']): boolean {
	return job.status?.completionTime !== undefined;
}
