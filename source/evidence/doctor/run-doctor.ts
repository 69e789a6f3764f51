/** Runs `spoke doctor`, step by step up to the leg that fails. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {AccessReview} from '../../cluster/self-review.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionPurpose, Path, SocketFacts} from '../evidence.ts';
import {buildObservations, noActiveObservations, processIdOf} from '../build-observations.ts';
import {clusterIdentity} from '../build-path.ts';
import {type ApiserverExamination, examineApiserver} from '../examine-apiserver.ts';
import {failureObservation, recordAnswer, recordFailure, describeFailure} from '../second-leg-record.ts';
import {configuredPath, failedAttemptId} from '../find-paths.ts';
import {kubeletAddresses} from '../probes/node-to-apiserver.ts';
import {type PathPlan, planPaths} from '../plan-paths.ts';
import {canI, probeSelfSubject} from '../probes/access.ts';
import {currentFailure} from '../rules/second-leg-outcomes.ts';
import {containerStep, targetStep} from './target-steps.ts';
import {type Doctor, type DoctorStep, failedStep, stepResult, type StepName, type StepResult} from './doctor-object.ts';
import {type SecondLegResult, secondLegStep} from './second-leg-step.ts';

const order: readonly StepName[] = ['configuration', 'leg-1', 'rights', 'target', 'leg-2', 'leg-3'];

type DoctorFindings = {
	cluster?: ClusterClient;
	examined?: ApiserverExamination;
	plan?: PathPlan;
	secondLeg?: SecondLegResult;
	error?: SpokeError;
};

/** Turns every failure, also of `open`, into a failed step. Without a target it stops after the apiserver. */
export async function runDoctor(input: string | null, open: () => Promise<ClusterClient>, options: DoctorOptions = {}): Promise<Doctor> {
	const found: DoctorFindings = {};
	const steps: DoctorStep[] = [];
	for (const [name, run] of stepsTo(input, open, found, options)) {
		const started = performance.now();
		const {step, error} = await run().catch((thrown: unknown) => failedStep(name, toSpokeError(thrown)));
		steps.push({...step, tookMs: Math.round((performance.now() - started) * 10) / 10});
		if (error) {
			found.error = error;
			break;
		}
	}

	steps.push(...order.slice(steps.length).map(name => notTried(name)));
	const path = pathOf(found);
	found.examined?.connection.close();
	const error = found.error?.toJSON() ?? null;
	return {
		apiVersion: 'spoke/v1',
		kind: 'Doctor',
		time: new Date().toISOString(),
		asked: input ?? '',
		target: found.plan?.target ?? null,
		cluster: identityOf(found),
		steps,
		stoppedAt: steps.find(({status}) => status === 'failed')?.name ?? null,
		path,
		error,
		exitStatus: error?.exitStatus ?? 0,
	};
}

export type DoctorOptions = {
	signal?: AbortSignal;
	container?: string | undefined;
	/** Default `active`: leg 2 is tested by streams of the doctor's own. */
	probe?: 'passive' | 'active' | undefined;
};

type Step = readonly [name: StepName, run: () => Promise<StepResult>];

function stepsTo(
	input: string | null,
	open: () => Promise<ClusterClient>,
	found: DoctorFindings,
	{signal, container, probe = 'active'}: DoctorOptions,
): readonly Step[] {
	const toApiserver: readonly Step[] = [
		[
			'configuration',
			async () => {
				found.cluster = await open();
				const {context, server, namespace, user, source} = found.cluster.facts;
				return stepResult(
					'configuration',
					`${source}, context ${context ?? 'none'}, ${server}, namespace ${namespace}, user ${user ?? 'unnamed'}`,
				);
			},
		],
		[
			'leg-1',
			async () => {
				found.examined = await examineApiserver(found.cluster!, signal ? {signal} : {});
				await probeSelfSubject(found.cluster!);
				return stepResult('leg-1', describeFirstLeg(found.examined));
			},
		],
	];
	if (input === null) {
		return toApiserver;
	}

	return [
		...toApiserver,
		['rights', async () => permissionsStep(found.cluster!, input)],
		[
			'target',
			async () => {
				found.plan = await planPaths(found.cluster!, input, {signal, container});
				return targetStep(found.plan);
			},
		],
		[
			'leg-2',
			async () => {
				found.secondLeg = await secondLegStep(found.cluster!, found.examined!, found.plan!, {probe});
				return addLastAttempt(found, found.secondLeg);
			},
		],
		['leg-3', async () => containerStep(found.plan!)],
	];
}

function addLastAttempt({cluster, examined, plan}: DoctorFindings, result: SecondLegResult): StepResult {
	const purpose = plan && logsOf(plan);
	if (!cluster || !examined || !purpose) {
		return result;
	}

	const process = result.isOwn ? processIdOf(examined) : null;
	if (result.error) {
		recordFailure(cluster, {purpose, process, kubeletAddresses: kubeletAddresses(plan.node)}, result.error.toJSON());
	} else if (result.answer) {
		recordAnswer(cluster, {purpose, process});
	}

	const failed = currentFailure(buildObservations(cluster, examined, {purpose, scope: 'next-connection'}));
	return result.step.status === 'unknown' && failed
		? {
				...result,
				step: {
					...result.step,
					fits: [...result.step.fits, `the last attempt (${failed.feature}) ${describeFailure(failed, new Date().toISOString())}`],
				},
			}
		: result;
}

function logsOf({purposes}: PathPlan): ConnectionPurpose | undefined {
	return purposes.find(({feature}) => feature === 'logs') ?? purposes[0];
}

function notTried(name: StepName): DoctorStep {
	return {...stepResult(name, 'not tried', {status: 'not-tried'}).step, tookMs: null};
}

function identityOf({cluster, examined}: DoctorFindings): Doctor['cluster'] {
	return cluster ? clusterIdentity(cluster.facts, examined?.shared.version ?? null) : null;
}

function pathOf({cluster, examined, plan, secondLeg, error}: DoctorFindings): Path | null {
	const purpose = plan && logsOf(plan);
	if (!cluster || !examined || !plan || !purpose) {
		return null;
	}

	const {isOwn = false, answer = null} = secondLeg ?? {};
	if (error?.leg !== 2 || !error.legKnown) {
		return configuredPath(isOwn && answer ? {...examined, active: answer} : examined, cluster, purpose, plan);
	}

	const failure = failureObservation({
		error,
		purpose,
		kubeletAddresses: kubeletAddresses(plan.node),
		connection: isOwn ? examined.connection.id : failedAttemptId,
		process: null,
		time: new Date().toISOString(),
		active: true,
	});
	return configuredPath(
		{...examined, active: {...noActiveObservations, failures: failure ? [failure] : []}},
		cluster,
		purpose,
		plan,
		error.toJSON(),
	);
}

function describeFirstLeg({connection, shared, own}: ApiserverExamination): string {
	const {proxy, clientAuth} = connection.facts;
	return [
		`${describeTls(connection.facts)}${proxy ? `, through the proxy ${proxy.url}` : ''}`,
		shared.version?.facts.gitVersion ?? 'version unknown',
		`your credentials: ${clientAuth}`,
		...(own.process ? [`up since ${own.process.facts.startTime}`] : []),
	].join('; ');
}

function describeTls({tls}: SocketFacts): string {
	if (!tls) {
		return 'plain HTTP';
	}

	return `${tls.protocol}, ${tls.verified ? 'verified' : 'NOT verified'}${tls.peer ? `, server certificate valid until ${tls.peer.notAfter.slice(0, 10)}` : ''}`;
}

type PermissionQuestion = Extract<AccessReview, {resource: string}>;
type CommandQuestion = readonly [command: string, rights: readonly PermissionQuestion[]];

async function permissionsStep(cluster: ClusterClient, input: string): Promise<StepResult> {
	const {namespace} = cluster.facts;
	const pods = (verb: string, subresource?: string): PermissionQuestion => ({
		verb,
		resource: 'pods',
		namespace,
		...(subresource === undefined ? {} : {subresource}),
	});
	const questions: readonly CommandQuestion[] = /^(no|nodes?)\//.test(input)
		? [['proxy to nodes', [{verb: 'get', resource: 'nodes', subresource: 'proxy'}]]]
		: [
				['read pods', [pods('get')]],
				['logs', [pods('get', 'log')]],
				['exec', [pods('create', 'exec'), pods('get', 'exec')]],
				['attach', [pods('create', 'attach'), pods('get', 'attach')]],
				['port-forward', [pods('create', 'portforward'), pods('get', 'portforward')]],
				['proxy', [pods('get', 'proxy')]],
			];
	const answers = await Promise.all(
		questions.map(async ([command, rights]) => ({
			command,
			rights: await Promise.all(rights.map(async right => ({right, allowed: await canI(cluster, right)}))),
		})),
	);
	const missing = answers.flatMap(({command, rights}) =>
		rights
			.filter(({allowed}) => allowed === false)
			.map(({right}) => `${command}: no ${right.verb} on ${right.resource}${right.subresource ? `/${right.subresource}` : ''}`),
	);
	if (answers.every(({rights}) => rights.every(({allowed}) => allowed === undefined))) {
		return stepResult('rights', 'the apiserver does not report your permissions', {status: 'unknown'});
	}

	const allowed = answers.filter(({rights}) => rights.every(({allowed}) => allowed)).map(({command}) => command);
	const unanswered = answers
		.filter(({rights}) => rights.some(({allowed}) => allowed === undefined) && rights.every(({allowed}) => allowed !== false))
		.map(({command}) => command);
	const powerful = answers.some(({command, rights}) => command === 'proxy to nodes' && rights.every(({allowed}) => allowed));
	const unknown = unanswered.length > 0 ? `; unknown, because the apiserver did not respond: ${unanswered.join(', ')}` : '';
	return stepResult('rights', `allowed: ${allowed.join(', ') || 'none of the permissions checked'}${unknown}`, {
		status: missing.length > 0 ? 'note' : unanswered.length > 0 ? 'unknown' : 'ok',
		fits: [...missing, ...(powerful ? ['nodes/proxy allows commands in every pod of a node, even with get only'] : [])],
		remedy: missing.length > 0 ? 'request the permissions named; since 1.35, WebSockets need create as well as get' : null,
	});
}
