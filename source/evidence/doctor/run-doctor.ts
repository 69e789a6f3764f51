/** Runs `spoke doctor`, step by step up to the leg that fails. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {AccessReview} from '../../cluster/self-review.ts';
import {type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionPurpose, Path, SocketFacts} from '../evidence.ts';
import {buildObservations, noActiveObservations, processIdOf} from '../build-observations.ts';
import {clusterIdentity} from '../build-path.ts';
import {type ApiserverExamination, examineApiserver} from '../examine-apiserver.ts';
import {failureObservation, recordAnswer, recordFailure, describeFailure} from '../second-leg-record.ts';
import {configuredPath, failedAttemptId} from '../find-paths.ts';
import {type PathPlan, planPaths} from '../plan-paths.ts';
import {canI, probeSelfSubject} from '../probes/access.ts';
import {currentFailure} from '../rules/second-leg-outcomes.ts';
import {containerStep, targetStep} from './target-steps.ts';
import {type Doctor, type DoctorStep, failedStep, stepResult, type StepName, type StepResult} from './doctor-object.ts';
import {type SecondLegResult, secondLegStep} from './second-leg-step.ts';

const order = ['configuration', 'leg-1', 'rights', 'target', 'leg-2', 'leg-3'] as const satisfies readonly StepName[];

export type DoctorOptions = {
	signal?: AbortSignal;
	container?: string | undefined;
	/** Default `active`: leg 2 is tested by streams of the doctor's own. */
	probe?: 'passive' | 'active' | undefined;
};

type DoctorFindings = {
	cluster?: ClusterClient;
	examined?: ApiserverExamination;
	plan?: PathPlan;
	secondLeg?: SecondLegResult;
	error?: SpokeError;
};

/** Turns every failure, also of `open`, into a failed step. Without a target it stops after the apiserver. */
export async function runDoctor(
	input: string | null,
	open: () => Promise<ClusterClient>,
	{signal, container, probe = 'active'}: DoctorOptions = {},
): Promise<Doctor> {
	const found: DoctorFindings = {};
	const run: Readonly<Record<StepName, () => Promise<StepResult>>> = {
		async configuration() {
			found.cluster = await open();
			const {context, server, namespace, user, source} = found.cluster.facts;
			const where = `${source}, context ${context ?? 'none'}, ${server}, namespace ${namespace}, user ${user ?? 'unnamed'}`;
			return stepResult('configuration', where);
		},
		async 'leg-1'() {
			found.examined = await examineApiserver(found.cluster!, signal ? {signal} : {});
			await probeSelfSubject(found.cluster!);
			return stepResult('leg-1', describeFirstLeg(found.examined));
		},
		rights: async () => permissionsStep(found.cluster!, input!),
		async target() {
			found.plan = await planPaths(found.cluster!, input!, {signal, container});
			return targetStep(found.plan);
		},
		async 'leg-2'() {
			found.secondLeg = await secondLegStep(found.cluster!, found.examined!, found.plan!, {probe});
			return addLastAttempt(found.cluster!, found.examined!, logsOf(found.plan!), found.secondLeg);
		},
		'leg-3': async () => containerStep(found.plan!),
	};
	const steps: DoctorStep[] = [];
	for (const name of input === null ? order.slice(0, 2) : order) {
		const started = performance.now();
		const {step, error} = await run[name]().catch((thrown: unknown) => failedStep(name, toSpokeError(thrown)));
		steps.push({...step, tookMs: Math.round((performance.now() - started) * 10) / 10});
		if (error) {
			found.error = error;
			break;
		}
	}

	steps.push(...order.slice(steps.length).map(name => ({...stepResult(name, 'not tried', {status: 'not-tried'}).step, tookMs: null})));
	const path = pathOf(found);
	found.examined?.connection.close();
	const {cluster, examined, plan} = found;
	const error = found.error?.toJSON() ?? null;
	return {
		apiVersion: 'spoke/v1',
		kind: 'Doctor',
		time: new Date().toISOString(),
		asked: input ?? '',
		target: plan?.target ?? null,
		cluster: cluster ? clusterIdentity(cluster.facts, examined?.shared.version ?? null) : null,
		steps,
		stoppedAt: steps.find(({status}) => status === 'failed')?.name ?? null,
		path,
		error,
		exitStatus: error?.exitStatus ?? 0,
	};
}

/** Records the result for later paths. A leg that could not be tested shows what the last attempt found. */
function addLastAttempt(
	cluster: ClusterClient,
	examined: ApiserverExamination,
	purpose: ConnectionPurpose | undefined,
	result: SecondLegResult,
): StepResult {
	if (!purpose) {
		return result;
	}

	const process = result.isOwn ? processIdOf(examined) : null;
	if (result.error) {
		recordFailure(cluster, {purpose, process}, result.error.toJSON());
	} else if (result.answer) {
		recordAnswer(cluster, {purpose, process});
	}

	const failed = currentFailure(buildObservations(cluster, examined, {purpose, scope: 'next-connection'}));
	if (result.step.status !== 'unknown' || !failed) {
		return result;
	}

	const lastAttempt = `the last attempt (${failed.feature}) ${describeFailure(failed, new Date().toISOString())}`;
	return {...result, step: {...result.step, fits: [...result.step.fits, lastAttempt]}};
}

function logsOf({purposes}: PathPlan): ConnectionPurpose | undefined {
	return purposes.find(({feature}) => feature === 'logs') ?? purposes[0];
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

	const connection = isOwn ? examined.connection.id : failedAttemptId;
	const failure = failureObservation({error, purpose, connection, process: null, time: new Date().toISOString(), active: true});
	const active = {...noActiveObservations, failures: failure ? [failure] : []};
	return configuredPath({...examined, active}, cluster, purpose, plan, error.toJSON());
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

async function permissionsStep(cluster: ClusterClient, input: string): Promise<StepResult> {
	const {namespace} = cluster.facts;
	const pods = (verb: string, subresource?: string): PermissionQuestion => ({
		verb,
		resource: 'pods',
		namespace,
		...(subresource === undefined ? {} : {subresource}),
	});
	const isNode = /^(no|nodes?)\//.test(input);
	const questions: Readonly<Record<string, readonly PermissionQuestion[]>> = isNode
		? {'proxy to nodes': [{verb: 'get', resource: 'nodes', subresource: 'proxy'}]}
		: {
				'read pods': [pods('get')],
				logs: [pods('get', 'log')],
				exec: [pods('create', 'exec'), pods('get', 'exec')],
				attach: [pods('create', 'attach'), pods('get', 'attach')],
				'port-forward': [pods('create', 'portforward'), pods('get', 'portforward')],
				proxy: [pods('get', 'proxy')],
			};
	const answers = await Promise.all(
		Object.entries(questions).map(async ([command, asked]) => {
			const rights = await Promise.all(asked.map(async right => ({right, allowed: await canI(cluster, right)})));
			const missing = rights.filter(({allowed}) => allowed === false).map(({right}) => right);
			return {command, missing, unanswered: rights.filter(({allowed}) => allowed === undefined).length, asked: asked.length};
		}),
	);
	if (answers.every(({unanswered, asked}) => unanswered === asked)) {
		return stepResult('rights', 'the apiserver does not report your permissions', {status: 'unknown'});
	}

	const missing = answers.flatMap(({command, missing}) =>
		missing.map(({verb, resource, subresource}) => `${command}: no ${verb} on ${resource}${subresource ? `/${subresource}` : ''}`),
	);
	const commandsOf = (some: typeof answers) => some.map(({command}) => command).join(', ');
	const decided = answers.filter(one => one.missing.length === 0);
	const allowed = commandsOf(decided.filter(({unanswered}) => unanswered === 0));
	const open = commandsOf(decided.filter(({unanswered}) => unanswered > 0));
	const unknown = open === '' ? '' : `; unknown, because the apiserver did not respond: ${open}`;
	return stepResult('rights', `allowed: ${allowed || 'none of the permissions checked'}${unknown}`, {
		status: missing.length > 0 ? 'note' : open === '' ? 'ok' : 'unknown',
		fits: [...missing, ...(isNode && allowed !== '' ? ['nodes/proxy allows commands in every pod of a node, even with get only'] : [])],
		remedy: missing.length > 0 ? 'request the permissions named; since 1.35, WebSockets need create as well as get' : null,
	});
}
