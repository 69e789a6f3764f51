/** What doctor advises for a container that does not run can be typed as it stands, and works. */
import test from 'ava';
import {containerStep} from '../../../source/posture/doctor/container-step.ts';
import type {PathSubjects} from '../../../source/posture/path-subjects.ts';
import type {ContainerStatus} from '../../../source/targets/pod-object.ts';

const target = {asked: 'web', kind: 'Pod', namespace: 'demo', name: 'web', uid: null, node: 'n1', container: 'app', chosenFrom: 1} as const;
const rows: ReadonlyArray<[title: string, status: Omit<ContainerStatus, 'name'>, remedy: string]> = [
	['waits for its first start', {restartCount: 0, state: {waiting: {reason: 'ErrImagePull'}}}, 'kubectl describe pod web -n demo'],
	['waits for its next start', {restartCount: 3, state: {waiting: {reason: 'CrashLoopBackOff'}}}, 'kubectl describe pod web -n demo; spoke logs web -n demo -c app --previous'],
	['has ended', {restartCount: 0, state: {terminated: {exitCode: 1}}}, 'kubectl describe pod web -n demo; spoke logs web -n demo -c app'],
];
for (const [title, status, remedy] of rows) {
	test(`a container that ${title}`, async t => {
		const pod = {metadata: {name: 'web', namespace: 'demo'}, spec: {containers: [{name: 'app'}]}, status: {phase: 'Running', containerStatuses: [{name: 'app', ...status}]}};
		t.is((await containerStep({pod, target} as unknown as PathSubjects)).step.remedy, remedy);
	});
}
