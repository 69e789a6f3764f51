/** Handlers of the doctor screen, and the card of a failed start that leads to it. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {describeDoctorResult, describeStepDetails, doctorStepMarks, doctorStepNames} from '../../report/descriptions/describe-doctor.ts';
import type {Part} from '../../report/descriptions/parts.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import type {Doctor, DoctorStep} from '../../evidence/doctor/doctor-object.ts';
import {runDoctor} from '../../evidence/doctor/run-doctor.ts';
import type {Path} from '../../evidence/evidence.ts';
import {flagsForCluster} from '../clusters/open-clusters.ts';
import {forwardOf} from '../forwards/reduce-forward.ts';
import {shownTail, type ForwardState, type TextLine} from '../frame/session-state.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {formatCopiedLines} from '../kit/text-rows.ts';
import {clusterOf, onSelected, subjectOf} from '../lists/selection.ts';
import {clusterOfSource} from '../tail/open-tail.ts';
import {defaultSource} from '../tail/tail-sources.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {TailView} from '../tail/tail-view.ts';
import {onText, openBusyText} from '../text/text-handlers.ts';

type StartFailure = ClusterTarget & {
	about: string;
	error: SpokeError;
	path: Path | null;
	retry(): void | Promise<void>;
};

const doctorSelected = onSelected(openDoctor);

export const doctorHandlers = {
	'list/doctor': doctorSelected,
	async 'unreachable/doctor'(session) {
		await openDoctor(session, {cluster: session.cluster, namespace: '', target: null});
	},
	async 'why/doctor'(session) {
		session.store.dispatchNow({type: 'pop'});
		if (!(await doctorOfTail(session, shownTail(session.store.state)))) {
			await doctorSelected(session);
		}
	},
	async 'tail/doctor'(session) {
		if (!(await doctorOfTail(session, shownTail(session.store.state)))) {
			session.showMessage('no pod of this tail was found yet, so there is none to test');
		}
	},
	async 'forwards/doctor'(session) {
		const {forwards, forwardCursor} = session.store.state;
		await doctorOfForward(session, forwards[forwardCursor]);
	},
	async 'connections/doctor'(session) {
		const {connections, connectionCursor} = session.store.state;
		const id = connections[connectionCursor]?.id;
		await doctorOfForward(session, forwardOf(session.store.state, id));
		await doctorOfTail(session, session.store.state.tails.get(id ?? '') ?? null);
	},
	'doctor/refresh': onText(async (session, {object, context}) => {
		const {namespace, target} = object ?? {namespace: '', target: null};
		const cluster = session.clusters.get(context ?? '') ?? session.cluster;
		session.store.dispatchNow({type: 'pop'});
		await openDoctor(session, {cluster, namespace, target});
	}),
	'doctor/copy': onText((session, {lines}) => {
		session.copy(formatCopiedLines(lines, Date.now()), 'the report');
	}),
	'doctor/copy.fix': onText((session, {command}) => {
		if (command !== null) {
			session.copy(command, 'the remedy');
		} else {
			session.showMessage('no command to copy');
		}
	}),
} satisfies Handlers;

async function doctorOfTail(session: Session, tail: TailView | null): Promise<boolean> {
	const source = defaultSource(tail?.sources ?? []);
	if (tail && source) {
		const cluster = clusterOfSource(session, tail.id, source);
		await openDoctor(session, {cluster, namespace: source.namespace, target: `pod/${source.pod}`});
		return true;
	}

	// No log could be opened, which is what the doctor explains.
	const target = session.work.get('tail', tail?.id)?.request.onlyTarget ?? null;
	const entry = session.store.state.connections.find(({id}) => id === tail?.id);
	if (target === null || entry === undefined) {
		return false;
	}

	const cluster = clusterOf(session, entry.id);
	await openDoctor(session, {cluster, namespace: entry.namespace ?? cluster.access.facts.namespace, target});
	return true;
}

async function doctorOfForward(session: Session, forward: ForwardState | undefined): Promise<void> {
	if (forward) {
		await openDoctor(session, {...forward, cluster: clusterOf(session, forward.id)});
	}
}

/** Without a target, of the apiserver. */
export async function openDoctor(
	session: Session,
	{cluster, namespace, target}: Omit<ClusterTarget, 'target'> & {target: string | null},
): Promise<void> {
	const began = performance.now();
	const fill = openBusyText(session, {
		title: 'Doctor',
		subject: target === null ? `the apiserver of ${cluster.context}` : subjectOf(session, {cluster, target: `${namespace} › ${target}`}),
		...(target !== null && {object: {target, namespace}}),
		keyContext: 'doctor',
		context: cluster.context,
		status: 'running …',
		lines: [{text: 'Steps in order: kubeconfig, leg 1, permissions, target, leg 2, leg 3 …', role: 'text.dim'}],
	});
	const opened: {access?: ClusterClient} = {};
	try {
		const doctor = await runDoctor(target, async () => {
			opened.access = await session.open({
				...flagsForCluster(session, cluster),
				context: cluster.access.facts.context ?? session.flags.context,
				...(target !== null && {namespace}),
			});
			return opened.access;
		});
		const outcome =
			doctor.stoppedAt === null ? (doctor.error ? 'every leg responds' : 'no failures') : `stopped at ${doctorStepNames[doctor.stoppedAt]}`;
		fill({
			lines: doctorLines(doctor),
			command: doctor.steps.find(({status}) => status === 'failed')?.remedy ?? doctor.error?.remedy ?? null,
			status: `${outcome} · ${((performance.now() - began) / 1000).toFixed(1)} s`,
		});
	} finally {
		opened.access?.close();
	}
}

const stepRoles: Readonly<Record<DoctorStep['status'], string | undefined>> = {
	ok: 'state.open',
	note: 'level.warn',
	failed: 'state.failed',
	unknown: 'tls.unknown',
	'not-tried': 'text.dim',
};

function doctorLines(doctor: Doctor): TextLine[] {
	return [
		...(doctor.path ? [{text: '', path: doctor.path}, {text: ''}] : []),
		...doctor.steps.flatMap(step => stepLines(step)),
		{text: ''},
		{text: sanitizeLine(describeDoctorResult(doctor)), role: doctor.error ? 'state.failed' : 'state.open'},
	];
}

const slowMs = 300;

function stepLines(step: DoctorStep): TextLine[] {
	const {status, name, observed, tookMs} = step;
	const role = stepRoles[status];
	const took = tookMs !== null && tookMs >= slowMs ? ` (${(tookMs / 1000).toFixed(1)} s)` : '';
	return [
		{
			label: `${doctorStepMarks[status]} ${doctorStepNames[name]}`.padEnd(18),
			text: `${sanitizeLine(observed)}${took}`,
			...(role !== undefined && {role}),
		},
		...detailLines(describeStepDetails(step)),
	];
}

/** The details below a step of the doctor, or a group of the node check. */
export function detailLines(details: ReadonlyArray<Part<string>>): TextLine[] {
	return details.map(({role, text}): TextLine => ({
		label: role.padEnd(9),
		text: sanitizeLine(text),
		indent: 5,
		...(role === 'fix' && {role: 'focus'}),
	}));
}

/** A message instead if a dialog is open, because the user may be typing. */
export async function showFailureCard(
	session: Session,
	{about, error, path, target, namespace, cluster, retry}: StartFailure,
): Promise<void> {
	session.showFailure(about, error, path);
	if (session.store.state.dialog !== null) {
		return;
	}

	switch (await session.showCard(`${about} failed`, error.toJSON())) {
		case 'retry': {
			await retry();
			break;
		}

		case 'doctor': {
			await openDoctor(session, {cluster, namespace, target});
			break;
		}

		case 'why': {
			session.store.dispatchNow({type: 'push', layer: {kind: 'why', about, path, error: error.toJSON(), entry: null, top: 0}});
			break;
		}

		case null: {
			break;
		}
	}
}
