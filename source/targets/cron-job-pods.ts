/** Which pods are a cron job's? Those of its jobs: nothing on the pod itself names the cron job. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {listAll} from '../cluster/list.ts';
import {abortableDelay} from '../cluster/abortable.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import {listPath, objectPath} from './object-path.ts';
import type {ObjectMeta, PodObject} from './pod-object.ts';
import {findResource} from './resource-names.ts';

/** Every pod that a job made has it. */
export const jobPodLabel = 'job-name';

const retryMs = 1000;
/** Longer than most cuts; then whoever asked is told, and may ask again. */
const mostTries = 30;
const jobResource = findResource('jobs')!;

type JobObject = {metadata: ObjectMeta};

/**
Tells of a pod, now or later, whether a job of this cron job made it. The jobs are listed once; one that comes later is read when its first pod does.
@throws SpokeError ERR_FORBIDDEN… where jobs may not be listed
*/
export async function cronJobPodFilter(
	cluster: ClusterClient,
	{name}: ObjectMeta,
	namespace: string,
	signal?: AbortSignal,
): Promise<(pod: PodObject) => Promise<boolean>> {
	// By its name: one that is made anew is followed as a workload that is made anew is.
	const isOurs = ({metadata: {ownerReferences = []}}: JobObject) =>
		ownerReferences.some(owner => owner.kind === 'CronJob' && owner.name === name);
	const {items} = await listAll<JobObject>(cluster, {path: listPath(jobResource, namespace), ...(signal && {signal})});
	const known = new Map<string, Promise<boolean>>(items.map(job => [job.metadata.uid ?? '', Promise.resolve(isOurs(job))]));
	return async ({metadata: {ownerReferences = []}}) => {
		const job = ownerReferences.find(({kind}) => kind === 'Job');
		if (!job) {
			return false;
		}

		const answer = known.get(job.uid) ?? readJob(cluster, namespace, job, signal).then(found => found !== null && isOurs(found));
		known.set(job.uid, answer);
		answer.catch(() => {
			known.delete(job.uid);
		});
		return answer;
	};
}

/** `null` for a job that is gone: its pods go with it. While the cluster cannot be asked it is asked again. */
async function readJob(
	cluster: Pick<ClusterClient, 'json'>,
	namespace: string,
	{name, uid}: {name: string; uid: string},
	signal?: AbortSignal,
): Promise<JobObject | null> {
	for (let tries = 1; ; tries++) {
		try {
			const job = await cluster.json<JobObject>({path: objectPath(jobResource, namespace, name), ...(signal && {signal})});
			return job.metadata.uid === uid ? job : null;
		} catch (thrown) {
			const {code} = toSpokeError(thrown);
			if (code === 'ERR_NOT_FOUND') {
				return null;
			}

			if (code === 'ERR_FORBIDDEN' || code === 'ERR_CREDENTIALS' || code === 'ERR_INTERNAL' || signal?.aborted || tries >= mostTries) {
				throw thrown;
			}
		}

		await abortableDelay(retryMs, signal);
	}
}
