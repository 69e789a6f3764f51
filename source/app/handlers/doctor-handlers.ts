/** Doctor and audit as screens. */
import {mkdir, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {asSpokeError} from '../../errors/spoke-error.ts';
import type {Audit, AuditRow as Finding} from '../../posture/audit/audit-object.ts';
import {auditJunit} from '../../output/audit-junit.ts';
import {auditReport} from '../../output/audit-report.ts';
import {needText} from '../../output/path-report.ts';
import {runAudit} from '../../posture/audit/run-audit.ts';
import type {Doctor, DoctorStep} from '../../posture/doctor/doctor-object.ts';
import {walk} from '../../posture/doctor/walk.ts';
import {pathsTo} from '../../posture/paths-to.ts';
import type {AuditRow, TextLine} from '../../state/session-state.ts';
import {sanitiseLine} from '../../text/sanitise-line.ts';
import type {OpenCluster, Session} from '../session.ts';
import {clusterOf, targetHere} from './cursor.ts';
import type {Handlers} from './handler.ts';
import {currentTail} from './current-tail.ts';
import {asText} from './why-handlers.ts';

const doctorHere = async (session: Session) => {
	const here = targetHere(session);
	if (here) {
		await openDoctor(session, here.target, here.namespace);
	}
};

export const doctorHandlers: Handlers = {
	'pods.doctor': doctorHere, 'workloads.doctor': doctorHere, 'services.doctor': doctorHere, 'nodes.doctor': doctorHere,
	async 'why.doctor'(session) {
		session.store.now({type: 'pop'});
		const source = currentTail(session)?.view.sources[0];
		await (source ? openDoctor(session, `pod/${source.pod}`, source.namespace, clusterOf(session, currentTail(session)?.id)) : doctorHere(session));
	},
	async 'tail.doctor'(session) {
		const source = currentTail(session)?.view.sources[0];
		if (source) {
			await openDoctor(session, `pod/${source.pod}`, source.namespace, clusterOf(session, currentTail(session)?.id));
		} else {
			session.tell('no pod yet to walk to');
		}
	},
	async 'forwards.doctor'(session) {
		const forward = session.store.state.forwards[session.store.state.forwardAt];
		if (forward) {
			await openDoctor(session, forward.target, forward.namespace, clusterOf(session, forward.id));
		}
	},
	async 'connections.doctor'(session) {
		const {dock, dockAt, forwards} = session.store.state;
		const entry = dock[dockAt];
		const forward = forwards.find(({id}) => id === entry?.id);
		const source = session.tails.get(entry?.id ?? '')?.view.sources[0];
		if (forward) {
			await openDoctor(session, forward.target, forward.namespace, clusterOf(session, forward.id));
		} else if (source) {
			await openDoctor(session, `pod/${source.pod}`, source.namespace, clusterOf(session, entry?.id));
		}
	},
	async 'doctor.again'(session) {
		const layer = session.store.state.layers.at(-1);
		if (layer?.kind === 'text') {
			const [namespace, target] = splitSubject(layer.subject);
			session.store.now({type: 'pop'});
			await openDoctor(session, target, namespace, session.clusters.get(layer.on ?? ''));
		}
	},
	'doctor.copy-report'(session) {
		const layer = session.store.state.layers.at(-1);
		if (layer?.kind === 'text') {
			session.copy(asText(layer.lines), 'the report');
		}
	},
	'doctor.copy-command'(session) {
		const layer = session.store.state.layers.at(-1);
		if (layer?.kind === 'text' && layer.command !== null) {
			session.copy(layer.command, 'what to run');
		} else {
			session.tell('there is nothing to run');
		}
	},
	'audit.again': readAudit,
	async 'view.audit'(session) {
		session.store.now({type: 'view', view: 'audit'});
		if (session.store.state.audit.rows.length === 0 && !session.store.state.audit.busy) {
			await readAudit(session);
		}
	},
	'audit.save': saveAudit,
	'audit.test': async session => testRoute(session),
	'why.test': async session => testRoute(session),
};

function splitSubject(subject: string): [string, string] {
	const at = subject.indexOf(' › ');
	return [subject.slice(0, at), subject.slice(at + 3)];
}

async function openDoctor(session: Session, target: string, namespace: string, cluster: OpenCluster = session.cluster): Promise<void> {
	const id = session.nextId('text');
	const began = performance.now();
	session.store.now({type: 'push', layer: {
		kind: 'text', id, title: 'Doctor', subject: `${namespace} › ${target}`, right: 'walking …', lines: [{text: 'kubeconfig, leg 1, rights, pod, leg 2, container: one after the other …', role: 'text.dim'}],
		top: 0, context: 'doctor', copy: '', command: null, busy: true, on: cluster.context,
	}});
	let access: ClusterAccess | null = null;
	try {
		const doctor = await walk(target, async () => {
			access = await session.open({...session.flags, context: cluster.access.facts.context ?? session.flags.context, namespace});
			return access;
		});
		session.store.now({type: 'fill-text', id, to: {
			lines: doctorLines(doctor), busy: false, command: doctor.steps.find(({status}) => status === 'failed')?.remedy ?? doctor.error?.remedy ?? null,
			right: `${doctor.stoppedAt === null ? 'nothing failed' : `stopped at ${doctor.stoppedAt.replace('-', ' ')}`} · ${((performance.now() - began) / 1000).toFixed(1)} s`,
		}});
	} finally {
		(access as ClusterAccess | null)?.close();
	}
}

const signs: Readonly<Record<DoctorStep['status'], readonly [string, string | undefined]>> = {ok: ['✓', 'state.open'], note: ['!', 'level.warn'], failed: ['✗', 'state.failed'], unknown: ['?', 'tls.unknown'], 'not-tried': ['·', 'text.dim']};

function doctorLines(doctor: Doctor): TextLine[] {
	return [
		...doctor.path ? [{text: '', path: doctor.path}, {text: ''}] : [],
		...doctor.steps.flatMap((step): TextLine[] => {
			const [sign, role] = signs[step.status];
			const detail = (label: string, text: string | null, colour?: string): TextLine[] => text === null || text === '' ? [] : [{label: label.padEnd(9), text: sanitiseLine(text), indent: 5, ...colour !== undefined && {role: colour}}];
			return [
				{label: `${sign} ${step.name.replace('-', ' ')}`.padEnd(18), text: `${sanitiseLine(step.observed)}${step.tookMs !== null && step.tookMs >= 300 ? ` (${(step.tookMs / 1000).toFixed(1)} s)` : ''}`, ...role !== undefined && {role}},
				...detail('text', step.text), ...detail('means', step.means), ...detail('speaker', step.speaker), ...step.fits.flatMap(fit => detail('fits', fit)), ...detail('run', step.remedy, 'focus'),
			];
		}),
		...doctor.error ? [{text: ''}, {text: `${sanitiseLine(doctor.error.message)} [${doctor.error.code}]`, role: 'state.failed'}] : [{text: ''}, {text: 'Every leg that can be seen from here works.', role: 'state.open'}],
	];
}

async function readAudit(session: Session): Promise<void> {
	const {cluster} = session;
	session.store.now({type: 'audit', to: {busy: true, note: 'reading …'}});
	try {
		const audit = await runAudit(cluster.access, {probe: 'passive', require: [], minBasis: 'proven'});
		// Its rows would stand under the name of whichever cluster is on the screen by now.
		if (session.cluster === cluster) {
			showAudit(session, audit);
		}
	} catch (thrown) {
		if (session.cluster !== cluster) {
			return;
		}

		session.store.now({type: 'audit', to: {busy: false, note: asSpokeError(thrown).message}});
		session.fail('audit', thrown);
	}
}

const badness: Readonly<Record<string, number>> = {fail: 0, warn: 1, unknown: 2, pass: 3, 'not-applicable': 4};

function showAudit(session: Session, audit: Audit): void {
	const {summary} = audit;
	const rows = audit.rows.map((row): AuditRow => ({
		id: row.id, title: row.title, verdict: row.verdict, state: stateWords(row), basis: row.basis, readOn: readOn(row), lines: rowLines(audit, row), worst: badness[row.verdict]!,
	})).sort((one, other) => one.worst - other.worst);
	session.store.now({type: 'audit', to: {
		busy: false, rows, found: audit, at: 0,
		note: [`${rows.length} rows`, ...[['to fix', summary.fail], ['to look at', summary.warn], ['unknown', summary.unknown]].filter(([, count]) => count !== 0).map(([what, count]) => `${count} ${what}`)].join(' · '),
	}});
}

/** `konnectivity, unverified` of a way: inside a tunnel unverified is one thing, without it another. */
function stateWords({state, message}: Finding): string {
	return /^[a-z -]+, (?:TLS )?[a-z]+(?=: )/.exec(message)?.[0] ?? state;
}

/** `1 of 3`; how many apiservers there are may not be known. */
function readOn({scope: {of, proven}}: Finding): string {
	return of === null && proven === 0 ? '' : `${proven} of ${of ?? '?'}`;
}

/** The row under the cursor with all that was read for it. */
export function openAuditRow(session: Session): void {
	const {rows, at, found} = session.store.state.audit;
	const finding = found?.rows.find(({id}) => id === rows[at]?.id);
	if (found && finding) {
		const {id, title, verdict, state, basis} = finding;
		session.store.now({type: 'push', layer: {
			kind: 'text', title: 'Audit', subject: `${id} ${title}`, right: `${verdict}${state === '' || state === verdict ? '' : `: ${state}`}, ${basis}`, lines: rowLines(found, finding, {whole: true}), top: 0, context: 'details', copy: '', command: null, busy: false,
		}});
	}
}

function rowLines(audit: Audit, row: Finding, {whole = false}: {whole?: boolean} = {}): TextLine[] {
	const read = row.evidence.map(id => audit.evidence.find(one => one.id === id)).filter(one => one !== undefined);
	return [
		{text: sanitiseLine(row.message)},
		...read.slice(0, whole ? 50 : 4).map(({observed, where}): TextLine => ({label: '  read', text: sanitiseLine(`${observed}   ${where}`)})),
		...row.exceptions.length > 0 ? [{label: '  but', text: sanitiseLine(row.exceptions.slice(0, whole ? 100 : 5).join(', ')), role: 'level.warn'}] : [],
		...row.need.slice(0, whole ? 20 : 2).map((need): TextLine => ({label: '  would tell', text: sanitiseLine(needText(whole ? need : {...need, check: null}))})),
		...row.remedy === null ? [] : [{label: '  fix', text: sanitiseLine(row.remedy), role: 'focus'}],
		...row.docs === null ? [] : [{label: '  docs', text: row.docs, role: 'text.dim'}],
	];
}

async function saveAudit(session: Session): Promise<void> {
	const {found} = session.store.state.audit;
	if (found === null) {
		session.tell('the audit is not read yet');
		return;
	}

	const answer = await session.type({lead: 'save to ', purpose: 'save-audit', note: () => '.json, .txt, or .xml for JUnit', text: `~/audit-${found.cluster.context ?? 'cluster'}-${new Date().toISOString().slice(0, 10)}.json`});
	if (answer === null || answer.text === '') {
		return;
	}

	const path = answer.text.replace(/^~(?=\/)/, () => homedir());
	try {
		await mkdir(join(path, '..'), {recursive: true});
		await writeFile(path, fileText(path, found), {mode: 0o600, flag: 'wx'});
		session.tell(`saved ${answer.text}`);
	} catch (error) {
		session.tell(`not saved: ${(error as Error).message}`, 'error');
	}
}

/** The name's ending says in which form. */
function fileText(path: string, found: Audit): string {
	return path.endsWith('.xml') ? auditJunit(found) : path.endsWith('.txt') ? `${auditReport(found).trimEnd()}\n` : `${JSON.stringify(found, null, '\t')}\n`;
}

async function testRoute(session: Session): Promise<void> {
	const source = currentTail(session)?.view.sources[0];
	const {pods} = session.store.state.lists;
	const pod = source?.pod ?? pods.visible[pods.cursorIndex]?.name;
	if (pod === undefined) {
		session.tell('a pod is needed to test with: open the pods once', 'warn');
		return;
	}

	const namespace = source?.namespace ?? pods.visible[pods.cursorIndex]!.namespace;
	if (!await session.ask('Test the route?', [`Opens a few idle tunnels to ${pod} for some seconds. Touches no container; shows in the audit log. Proves konnectivity or direct for this apiserver.`])) {
		return;
	}

	session.tell('testing the route …');
	const access = await session.open({...session.flags, context: clusterOf(session, currentTail(session)?.id).access.facts.context ?? session.flags.context, namespace: namespace === '' ? undefined : namespace});
	try {
		const [path] = await pathsTo(access, `pod/${pod}`, {features: ['port-forward'], probe: 'active'});
		if (path) {
			session.store.now({type: 'push', layer: {kind: 'why', about: `tested with pod/${pod}`, path, error: null, entry: null, top: 0}});
			const route = path.legs[1]?.route;
			session.tell(`route ${route?.state ?? 'unknown'}, ${route?.basis ?? 'unknown'}`);
		}
	} finally {
		access.close();
	}
}
