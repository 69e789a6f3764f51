/** Remedies for a container that does not run. */
import test from 'ava';
import {describeDoctorResult} from '../../../source/report/descriptions/describe-doctor.ts';
import {containerStep} from '../../../source/evidence/doctor/target-steps.ts';
import type {PathPlan} from '../../../source/evidence/plan-paths.ts';
import type {ContainerStatus} from '../../../source/cluster/targets/pod-object.ts';

const target = {asked: 'web', kind: 'Pod', namespace: 'demo', name: 'web', uid: null, node: 'n1', container: 'app', chosenFrom: 1} as const;
const rows: ReadonlyArray<[title: string, status: Omit<ContainerStatus, 'name'>, remedy: string]> = [
	['waits for its first start', {restartCount: 0, state: {waiting: {reason: 'ErrImagePull'}}}, 'kubectl describe pod web -n demo'],
	[
		'waits for its next start',
		{restartCount: 3, state: {waiting: {reason: 'CrashLoopBackOff'}}},
		'kubectl describe pod web -n demo; spoke logs web -n demo -c app --previous',
	],
	['has ended', {restartCount: 0, state: {terminated: {exitCode: 1}}}, 'kubectl describe pod web -n demo; spoke logs web -n demo -c app'],
];
const running = {state: {running: {startedAt: '2026-11-26T00:00:00Z'}}, ready: true, restartCount: 0};

function step(container: string, statuses: Readonly<Record<string, object>>) {
	const pod = {
		metadata: {name: 'web', namespace: 'demo'},
		spec: {containers: [{name: 'app'}, {name: 'sidecar'}], initContainers: [{name: 'setup'}]},
		status: {
			phase: 'Running',
			containerStatuses: ['app', 'sidecar'].map(name => ({name, ...running, ...statuses[name]})),
			initContainerStatuses: [{name: 'setup', ready: true, state: {terminated: {exitCode: 0, reason: 'Completed'}}, ...statuses['setup']}],
		},
	};
	return containerStep({pod, target: {...target, container}} as unknown as PathPlan);
}

test('a running container lists the other containers of its pod that wait or failed', async t => {
	t.deepEqual((await step('app', {})).step.fits, []);
	t.is((await step('app', {})).step.status, 'ok');
	const half = await step('app', {sidecar: {state: {waiting: {reason: 'CrashLoopBackOff', message: 'back-off 5m0s'}}}});
	t.is(half.error, null);
	t.is(half.step.status, 'note');
	t.deepEqual(half.step.fits, ['container sidecar is waiting: CrashLoopBackOff, back-off 5m0s']);
	t.deepEqual(
		(await step('app', {sidecar: {state: {terminated: {exitCode: 0, reason: 'Completed'}}}})).step.fits,
		[],
		'one that did its work',
	);
});

test('only an init container with a non-zero exit has failed', async t => {
	const done = await step('setup', {});
	t.is(done.error, null);
	t.is(done.step.observed, 'container setup terminated with exit code 0, as init containers do');
	const failed = await step('setup', {setup: {ready: false, state: {terminated: {exitCode: 3, reason: 'Error'}}}});
	t.is(failed.error?.code, 'ERR_TARGET_GONE');
});

test('a container that waits for its next start shows how it ended', async t => {
	const {step: result} = await step('app', {
		app: {
			state: {waiting: {reason: 'CrashLoopBackOff'}},
			lastState: {terminated: {exitCode: 128, reason: 'StartError', message: 'exec: "/bin/nosuch": no such file'}},
		},
	});
	t.deepEqual(result.fits, ['previous instance terminated with exit code 128 StartError: exec: "/bin/nosuch": no such file']);
});

test('a container that waits for an init container shows its state, exit and log command', async t => {
	const waits = {app: {ready: false, state: {waiting: {reason: 'PodInitializing'}}}};
	const {error, step: result} = await step('app', {
		...waits,
		setup: {
			ready: false,
			restartCount: 3,
			state: {waiting: {reason: 'CrashLoopBackOff'}},
			lastState: {terminated: {exitCode: 1, reason: 'Error'}},
		},
	});
	t.is(error?.message, 'container app of web is waiting for init container setup, which is waiting: CrashLoopBackOff');
	t.deepEqual(result.fits, ['previous instance terminated with exit code 1 Error']);
	t.is(result.remedy, 'kubectl describe pod web -n demo; spoke logs web -n demo -c setup --previous');
	t.deepEqual(
		(await step('app', {...waits, sidecar: waits.app, setup: {ready: false, state: {running: {}}}})).step.fits,
		[],
		'the others wait for the same one',
	);
	t.regex(
		(await step('app', {...waits, setup: {ready: false, state: {running: {startedAt: 'then'}}}})).step.observed,
		/is waiting for init container setup, which is running since then/,
	);
	t.regex((await step('app', waits)).step.observed, /is waiting: PodInitializing$/, 'all have done their work');
});

for (const [title, status, remedy] of rows) {
	test(`a container that ${title}`, async t => {
		const pod = {
			metadata: {name: 'web', namespace: 'demo'},
			spec: {containers: [{name: 'app'}]},
			status: {phase: 'Running', containerStatuses: [{name: 'app', ...status}]},
		};
		t.is((await containerStep({pod, target} as unknown as PathPlan)).step.remedy, remedy);
	});
}

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const again = (minutes: number, lastState: object = {terminated: {exitCode: 137, reason: 'OOMKilled'}}, restartCount = 2) => ({
	state: {running: {startedAt: ago(minutes)}},
	lastState,
	restartCount,
});
const restarts: ReadonlyArray<[title: string, status: ReturnType<typeof again>, end: string | null]> = [
	['that was killed and runs again since 1 minute', again(1), 'terminated with exit code 137 OOMKilled'],
	['that completed and runs again', again(9, {terminated: {exitCode: 0, reason: 'Completed'}}), 'terminated with exit code 0'],
	['whose previous instance has no status', again(1, {}), 'ended; its status does not say how'],
	['that runs again by a clock that is ahead', again(-3), 'terminated with exit code 137 OOMKilled'],
	['that is stable since its restart', again(11), null],
	['that runs for the first time', again(1, {}, 0), null],
];

for (const [title, status, end] of restarts) {
	test(`a container ${title}`, async t => {
		const {error, step: result} = await step('app', {app: status});
		if (end === null) {
			t.deepEqual([error, result.status], [null, 'ok']);
			return;
		}

		t.deepEqual([error?.code, error?.exitStatus, result.status], ['ERR_CONTAINER_RESTARTED', 12, 'note']);
		t.is(result.observed, `container app of web ${end}, and runs again since ${status.state.running.startedAt} (2 restarts)`);
		t.is(result.remedy, 'kubectl describe pod web -n demo; spoke logs web -n demo -c app --previous');
		t.deepEqual(result.fits, [], 'says how it ended once');
		t.is(
			describeDoctorResult({asked: 'web', steps: [{...result, tookMs: 1}], error: error!.toJSON(), stoppedAt: null}),
			`every leg responds, but ${result.observed} [ERR_CONTAINER_RESTARTED]`,
		);
	});
}

test('another container that restarted is named, and does not fail the one asked for', async t => {
	const status = again(1);
	const {error, step: result} = await step('app', {sidecar: status});
	t.deepEqual([error, result.status], [null, 'note']);
	t.deepEqual(result.fits, [
		`container sidecar terminated with exit code 137 OOMKilled, and runs again since ${status.state.running.startedAt} (2 restarts)`,
	]);
});
