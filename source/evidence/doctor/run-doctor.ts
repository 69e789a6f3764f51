/** `spoke doctor`: walks from the kubeconfig to the container, and stops at the leg that fails. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionPurpose, Path, SocketFacts} from '../evidence.ts';
import {examineApiserver, noActiveObservations, type ApiserverExamination} from '../examine-apiserver.ts';
import {failureObservation} from '../failure-observation.ts';
import {configuredPath, failedAttemptId} from '../find-paths.ts';
import {planPaths, type PathPlan} from '../plan-paths.ts';
import {probeSelfSubject} from '../probes/access.ts';
import {recordAnswer, recordFailure} from '../record-second-leg.ts';
import {failedWords} from '../last-attempt.ts';
import {standingFailure} from '../rules/second-leg-outcomes.ts';
import {containerStep} from './container-step.ts';
import type {Doctor, DoctorStep, StepName} from './doctor-object.ts';
import {permissionsStep} from './permissions-step.ts';
import {secondLegStep, type SecondLegResult} from './second-leg-step.ts';
import {failedStep, passed, type StepResult} from './step-result.ts';
import {targetStep} from './target-step.ts';

const order: readonly StepName[] = ['configuration', 'leg-1', 'rights', 'target', 'leg-2', 'leg-3'];

type Found = {
	cluster?: ClusterClient;
	examined?: ApiserverExamination;
	subjects?: PathPlan;
	met?: SecondLegResult['met'];
	error?: SpokeError;
};

/** Never throws for what it finds; `open` may. Without a target it goes as far as the apiserver. */
export async function runDoctor(asked: string | null, open: () => Promise<ClusterClient>, options: WalkOptions = {}): Promise<Doctor> {
	const found: Found = {};
	const steps: DoctorStep[] = [];
	for (const [name, run] of stepsTo(asked, open, found, options)) {
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
		asked: asked ?? '',
		target: found.subjects?.target ?? null,
		cluster: identityOf(found),
		steps,
		stoppedAt: steps.find(({status}) => status === 'failed')?.name ?? null,
		path,
		error,
		exitStatus: error?.exitStatus ?? 0,
	};
}

type WalkOptions = {signal?: AbortSignal; container?: string | undefined};

type Step = readonly [name: StepName, run: () => Promise<StepResult>];

/** In the order of `order`. Each leaves in `found` what those behind it stand on. */
function stepsTo(
	asked: string | null,
	open: () => Promise<ClusterClient>,
	found: Found,
	{signal, container}: WalkOptions,
): readonly Step[] {
	const toApiserver: readonly Step[] = [
		[
			'configuration',
			async () => {
				found.cluster = await open();
				const {context, server, namespace, user, source} = found.cluster.facts;
				return passed(
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
				return passed('leg-1', firstLegWords(found.examined));
			},
		],
	];
	if (asked === null) {
		return toApiserver;
	}

	return [
		...toApiserver,
		['rights', async () => permissionsStep(found.cluster!, asked)],
		[
			'target',
			async () => {
				found.subjects = await planPaths(found.cluster!, asked, {signal, container});
				return targetStep(found.subjects);
			},
		],
		[
			'leg-2',
			async () => {
				const result = await secondLegStep(found.cluster!, found.examined!.connection, found.subjects!);
				found.met = result.met;
				return withLastAttempt(found, result);
			},
		],
		['leg-3', async () => containerStep(found.subjects!)],
	];
}

/** What was met is recorded; where nothing could be tried, what was recorded before is told. */
function withLastAttempt({cluster, examined, subjects, met}: Found, result: StepResult): StepResult {
	const purpose = subjects && logsOf(subjects);
	if (!cluster || !purpose) {
		return result;
	}

	const process = met?.connection === examined?.connection.id ? (examined?.own.process?.facts.id ?? null) : null;
	if (result.error) {
		recordFailure(cluster, {purpose, process}, result.error.toJSON());
	} else if (met?.answered) {
		recordAnswer(cluster, {purpose, process});
	}

	const failed = standingFailure({outcomes: cluster.secondLegs.outcomes, purpose, process: examined?.own.process ?? null, answered: false});
	return result.step.status === 'unknown' && failed
		? {
				...result,
				step: {
					...result.step,
					fits: [...result.step.fits, `the last attempt, ${failed.feature}, ${failedWords(failed, new Date().toISOString())}`],
				},
			}
		: result;
}

function logsOf({purposes}: PathPlan): ConnectionPurpose | undefined {
	return purposes.find(({feature}) => feature === 'logs') ?? purposes[0];
}

function notTried(name: StepName): DoctorStep {
	return {...passed(name, 'not tried', {status: 'not-tried'}).step, tookMs: null};
}

function identityOf({cluster, examined}: Found): Doctor['cluster'] {
	if (!cluster) {
		return null;
	}

	const {context, server, sandbox} = cluster.facts;
	return {context, server, version: examined?.shared.version?.facts.gitVersion ?? null, sandbox};
}

/** The path as it was met: with the kubelet's answer, or the words of the second leg's failure, among the grounds. */
function pathOf({cluster, examined, subjects, met, error}: Found): Path | null {
	const purpose = subjects && logsOf(subjects);
	if (!cluster || !examined || !subjects || !purpose) {
		return null;
	}

	const isOwn = met?.connection === examined.connection.id;
	if (error?.leg !== 2 || !error.legKnown) {
		return configuredPath(
			isOwn && met.answered ? {...examined, active: kubeletAnswer(met.answered, examined, subjects)} : examined,
			cluster,
			purpose,
			subjects,
		);
	}

	const failure = failureObservation({
		error,
		purpose,
		connection: isOwn ? met.connection : failedAttemptId,
		process: null,
		time: new Date().toISOString(),
		active: true,
	});
	return configuredPath(
		{...examined, active: {...noActiveObservations, failures: failure ? [failure] : []}},
		cluster,
		purpose,
		subjects,
		error.toJSON(),
	);
}

/** What an active probe would have found of this kubelet. */
function kubeletAnswer(
	to: 'log' | 'port-forward',
	{connection, own}: ApiserverExamination,
	{probe, target}: PathPlan,
): ApiserverExamination['active'] {
	const common = {process: own.process?.facts.id ?? null, connection: connection.id, time: new Date().toISOString(), active: true} as const;
	const place = `${probe?.namespace ?? target.namespace}/${probe?.pod ?? target.name}`;
	return to === 'log'
		? {
				...noActiveObservations,
				logDifferentials: [
					{
						source: 'log-differential',
						where: `GET pods/log of ${place}`,
						...common,
						facts: {normal: 'ok', skipping: 'not-tried', text: null, node: target.node},
					},
				],
			}
		: {
				...noActiveObservations,
				stepTests: [
					{
						source: 'step-test',
						where: `a held port-forward to ${place}`,
						...common,
						facts: {node: target.node, rounds: [1], moved: 'undecided', transport: null, why: null, observed: 'held'},
					},
				],
			};
}

function firstLegWords({connection, shared, own}: ApiserverExamination): string {
	const {proxy, clientAuth} = connection.facts;
	return [
		`${tlsWords(connection.facts)}${proxy ? `, through the proxy ${proxy.url}` : ''}`,
		shared.version?.facts.gitVersion ?? 'version not known',
		`you by ${clientAuth}`,
		...(own.process ? [`up since ${own.process.facts.startTime}`] : []),
	].join('; ');
}

function tlsWords({tls}: SocketFacts): string {
	if (!tls) {
		return 'plain HTTP';
	}

	return `${tls.protocol}, ${tls.verified ? 'verified' : 'NOT verified'}${tls.peer ? `, certificate until ${tls.peer.notAfter.slice(0, 10)}` : ''}`;
}
