import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {
	canSelectorGainPods,
	canTargetCreatePods,
	controllerOf,
	type PodController,
} from '../../../source/streams/logs/resolve-follow-targets.ts';
import {findResource} from '../../../source/cluster/targets/resource-names.ts';

const job = (name: string): PodController => ({apiVersion: 'batch/v1', kind: 'Job', name, namespace: 'demo'});
const withCondition = (type: string, owner?: string, kind = 'CronJob') => ({
	metadata: {name: 'x', ...(owner !== undefined && {ownerReferences: [{kind, name: owner, uid: 'u', controller: true}]})},
	status: {
		conditions: [
			{type: 'Suspended', status: 'False'},
			{type, status: 'True'},
		],
	},
});

const objects: Readonly<Record<string, object | SpokeError>> = {
	'jobs/running': {metadata: {name: 'running'}, status: {conditions: [{type: 'Complete', status: 'False'}]}},
	'jobs/suspended': withCondition('Suspended'),
	'jobs/complete': withCondition('Complete'),
	'jobs/failed': withCondition('Failed'),
	'jobs/nightly-1': withCondition('Complete', 'nightly'),
	'jobs/old-1': withCondition('Complete', 'old'),
	'jobs/member-1': withCondition('Complete', 'set', 'JobSet'),
	'jobs/secret': new SpokeError('ERR_FORBIDDEN', 'jobs.batch "secret" is forbidden'),
	'cronjobs/nightly': {metadata: {name: 'nightly'}},
};

const cluster = {
	async json<Result>({path}: {path: string}): Promise<Result> {
		const object = objects[path.replace('/apis/batch/v1/namespaces/demo/', '')];
		if (object === undefined || object instanceof SpokeError) {
			throw object ?? new SpokeError('ERR_NOT_FOUND', `${path} not found`);
		}

		return object as Result;
	},
};

for (const [title, controllers, expected, selector = 'app=web'] of [
	['without any pod so far', [], true],
	['after a pod without a controller', [null], false],
	['after a pod of a ReplicaSet', [{kind: 'ReplicaSet', name: 'web-1', namespace: 'demo'}], true],
	['after a pod of a running job', [job('running')], true],
	['after a pod of a suspended job', [job('suspended')], true],
	['after a pod of a complete job', [job('complete')], false],
	['after a pod of a failed job', [job('failed')], false],
	['after a pod of a deleted job', [job('deleted')], false],
	['after pods of a complete and a running job', [job('complete'), null, job('running')], true],
	['after pods of a complete job and a ReplicaSet', [job('complete'), {kind: 'ReplicaSet', name: 'w', namespace: 'demo'}], true],
	['after a pod of a job of another API group', [{...job('deleted'), apiVersion: 'batch.volcano.sh/v1alpha1'}], true],
	['after a run of a cron job', [job('nightly-1')], true],
	['after a run of a cron job that the selector names', [job('nightly-1')], false, 'app=web,batch.kubernetes.io/job-name=nightly-1'],
	['after a run of a deleted cron job', [job('old-1')], false],
	['after a deleted run of a cron job', [job('nightly-29412345')], true],
	['after a deleted job with a number', [job('import-29412345')], false],
	['after a complete job of an unknown controller', [job('member-1')], true],
	['after a run of a cron job with a label of another prefix', [job('nightly-1')], true, 'acme.io/job-name=nightly'],
] as ReadonlyArray<readonly [string, ReadonlyArray<PodController | null>, boolean, string?]>) {
	test(`a selector ${expected ? 'can' : 'cannot'} gain pods ${title}`, async t => {
		t.is(await canSelectorGainPods(cluster, controllers, selector), expected);
	});
}

test('it is unknown whether a selector can gain pods when a job cannot be read', async t => {
	await t.throwsAsync(canSelectorGainPods(cluster, [job('complete'), job('secret')], 'app=web'), {code: 'ERR_FORBIDDEN'});
});

test('a job creates no more pods when it is complete or deleted', async t => {
	const canCreate = async (name: string) => canTargetCreatePods(cluster, {resource: findResource('job')!, name}, 'demo');
	t.deepEqual(await Promise.all(['running', 'complete', 'deleted'].map(canCreate)), [true, false, false]);
});

test('the controller of a pod is the owner that manages it', t => {
	const ownerReferences = [
		{kind: 'Config', name: 'a', uid: '1'},
		{apiVersion: 'batch/v1', kind: 'Job', name: 'b', uid: '2', controller: true},
	];
	const pod = (metadata: object) => ({metadata: {name: 'p', namespace: 'demo', ...metadata}, spec: {containers: []}});
	t.like(controllerOf(pod({ownerReferences})), job('b'));
	t.is(controllerOf(pod({})), null);
});
