/** Handlers of the audit view. */
import {auditJson, type Audit, type AuditRow, countCauses, rowsByCause} from '../../evidence/audit/audit-object.ts';
import {describeAuditRow, describeProvenFor} from '../../report/descriptions/describe-audit.ts';
import {describeRoute, type DetailPart, replaceRouteNames, withLocation} from '../../report/descriptions/describe-verdict.ts';
import {needsInOneLine} from '../../evidence/rules/needs.ts';
import {clockTime, formatQuantity} from '../../base/text/formats.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {runAudit} from '../../evidence/audit/run-audit.ts';
import type {Path, ProcessFacts} from '../../evidence/evidence.ts';
import {findPaths} from '../../evidence/find-paths.ts';
import {describeKeys} from '../keymap/keymap.ts';
import {auditJunit} from '../../report/output/audit-for-ci.ts';
import {auditReport} from '../../report/output/audit-report.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {listPath, objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {noAudit, type ShownAuditRow, type TextLine, shownTail} from '../frame/session-state.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {saveAs, toFileName, writeNewFile} from '../frame/save-as.ts';
import type {Handlers, OpenCluster, Session} from '../frame/session.ts';
import {toSessionAdvice} from '../kit/screen-input.ts';
import {selectedRow} from '../lists/list-state.ts';
import {clusterOfSource} from '../tail/open-tail.ts';
import {defaultSource} from '../tail/tail-sources.ts';
import {openText} from '../text/text-handlers.ts';

export const auditHandlers = {
	'audit/refresh': async session => readAudit(session),
	'audit/save': saveAudit,
	test: testRoute,
} satisfies Handlers;

type RouteTestPod = {pod: string; namespace: string; cluster: OpenCluster};

const maxReads = 10;

/** Reads the audit of the current cluster unless it was read or one is being read. */
export async function readAuditOnce(session: Session): Promise<void> {
	const {audit, others} = session.store.state;
	const isOfOther = others.length > 0 && audit.found !== null && audit.found.cluster.context !== session.cluster.access.facts.context;
	if ((audit.rows.length === 0 || isOfOther) && audit.reading === null) {
		if (isOfOther) {
			session.store.dispatchNow({type: 'audit', to: noAudit});
		}

		await readAudit(session);
	}
}

/** Reads an audit again that was read before `process` started, or drops it if it is not shown. */
export async function renewAudit(
	session: Session,
	{context}: Pick<OpenCluster, 'context'>,
	process: Pick<ProcessFacts, 'id' | 'startTime'> | null,
): Promise<void> {
	const {audit, view} = session.store.state;
	if (process === null || audit.found?.cluster.context !== context || !startedAfter(audit.found, process)) {
		return;
	}

	// A balancer can lead to processes that no audit finds: each makes one audit outdated, not all.
	if (audit.outdatedBy.includes(process.id)) {
		return;
	}

	const outdatedBy = [...audit.outdatedBy, process.id];
	if (view === 'audit') {
		session.store.dispatchNow({type: 'audit', to: {isOutdated: true, outdatedBy}});
		await readAudit(session, {isAutomatic: true});
	} else {
		session.store.dispatchNow({type: 'audit', to: {...noAudit, outdatedBy}});
	}
}

/** By the clocks of apiservers, since that of this machine may differ. */
function startedAfter({replicas: {processes}}: Audit, {id, startTime}: Pick<ProcessFacts, 'id' | 'startTime'>): boolean {
	const started = processes.map(process => Date.parse(process.startTime ?? '')).filter(Number.isFinite);
	return processes.every(process => process.id !== id) && started.length > 0 && started.every(before => before <= Date.parse(startTime));
}

async function readAudit(session: Session, {isAutomatic = false}: {isAutomatic?: boolean} = {}): Promise<void> {
	const {cluster, store} = session;
	const reading = Symbol(cluster.context);
	const isWanted = () => store.state.audit.reading === reading && session.shown.includes(cluster);
	const note = store.state.audit.isOutdated ? 'the apiserver has restarted: reading again …' : 'reading …';
	store.dispatchNow({type: 'audit', to: {reading, note}});
	try {
		const audit = await runAudit(cluster.access, {probe: 'passive', require: [], minBasis: 'proven'});
		if (isWanted()) {
			showAudit(session, audit);
			if (store.state.view === 'audit') {
				// Another row may have been selected meanwhile.
				await readAuditOnce(session);
			}
		}
	} catch (thrown) {
		if (!isWanted()) {
			return;
		}

		// Verdicts of a process that has ended must not stay.
		const {isOutdated, outdatedBy} = store.state.audit;
		store.dispatchNow({
			type: 'audit',
			to: {...(isOutdated && {...noAudit, outdatedBy}), reading: null, note: toSpokeError(thrown).message},
		});
		if (!isAutomatic) {
			session.showFailure('audit', thrown);
		}
	}
}

function showAudit(session: Session, audit: Audit): void {
	const rows = rowsByCause(audit.rows).map(({row, heading}): ShownAuditRow => ({
		id: row.id,
		title: row.title,
		heading,
		verdict: row.verdict,
		state: row.state,
		leg: row.leg,
		basis: row.basis,
		howKnown: howKnown(row),
		lines: rowLines(audit, row),
	}));
	const {rows: before, cursor} = session.store.state.audit;
	const same = rows.findIndex(({id}) => id === before[cursor]?.id);
	session.store.dispatchNow({
		type: 'audit',
		to: {
			reading: null,
			rows,
			found: audit,
			cursor: Math.max(same, 0),
			note: `${countsOf(audit)} · read ${clockTime(audit.time)}`,
			isOutdated: false,
		},
	});
}

function countsOf({rows, summary}: Audit): string {
	const counts = [
		['fail', summary.fail],
		['warn', summary.warn],
		['unknown', summary.unknown],
	] as const;
	const found = counts.filter(([, count]) => count !== 0).map(([what, count]) => `${count} ${what}`);
	const causes = countCauses(rows);
	const parts = causes === 0 || causes === summary.fail + summary.warn ? found : [...found, formatQuantity(causes, 'cause')];
	return `all ${rows.length} rows${parts.length === 0 ? '' : `: ${parts.join(' · ')}`}`;
}

function howKnown(row: AuditRow): string {
	const isCounted = row.scope.of !== null || row.scope.proven > 0;
	return isCounted ? `${row.basis === 'proven' ? '' : `${row.basis}, `}${describeProvenFor(row)}` : row.basis;
}

export function openAuditRow(session: Session): void {
	const {rows, cursor, found} = session.store.state.audit;
	const finding = found?.rows.find(({id}) => id === rows[cursor]?.id);
	if (found && finding) {
		const {id, title, verdict} = finding;
		const {state, basis} = describeAuditRow(finding, found);
		const name = finding.state === verdict ? '' : `: ${state}`;
		const keys = {keymap: session.keymap, hints: describeKeys(session.keymap, 'audit-row')};
		openText(session, {
			title: 'Audit',
			subject: `${id} ${title}`,
			status: `${verdict}${name}${basis === null ? '' : `, ${basis}`} · read ${clockTime(found.time)}`,
			keyContext: 'audit-row',
			lines: rowLines(found, finding, {whole: true}).map(one => ({...one, text: toSessionAdvice(keys, one.text)})),
		});
	}
}

function rowLines(audit: Audit, row: AuditRow, {whole = false}: {whole?: boolean} = {}): TextLine[] {
	const {details} = describeAuditRow(row, audit);
	const texts = (role: DetailPart['role'], max = Infinity) =>
		details
			.filter(one => one.role === role)
			.slice(0, max)
			.map(one => sanitizeLine(withLocation(one)));
	const parts = details.filter(({role}) => role === 'needs' || role === 'or' || role === 'and');
	const needs: TextLine[] = whole
		? parts.map(({role, text}) => ({label: `  ${role}`, text: sanitizeLine(text)}))
		: parts.length === 0
			? []
			: [{label: '  needs', text: sanitizeLine(needsInOneLine(row.need))}];
	const lines = (role: DetailPart['role'], max?: number, style?: string): TextLine[] =>
		texts(role, max).map(text => ({label: `  ${role}`, text, ...(style !== undefined && {role: style})}));
	const exceptions = texts('exception', whole ? 100 : 5);
	return [
		{text: replaceRouteNames(sanitizeLine(row.message))},
		...lines('evidence', whole ? 50 : 4),
		...(exceptions.length > 0 ? [{label: '  exception', text: replaceRouteNames(exceptions.join(', ')), role: 'level.warn'}] : []),
		...needs,
		...lines('fix', undefined, 'focus'),
		...lines('docs', undefined, 'text.dim'),
	];
}

async function saveAudit(session: Session): Promise<void> {
	const {found} = session.store.state.audit;
	if (found === null) {
		session.showMessage('the audit has not been read yet');
		return;
	}

	const name = `audit-${toFileName(found.cluster.context ?? '', 'cluster')}-${new Date().toISOString().slice(0, 10)}.json`;
	await saveAs(session, {name, purpose: 'save-audit', note: () => '.json, .txt, or .xml for JUnit'}, async path => {
		await writeNewFile(path, [fileText(path, found)]);
		return '';
	});
}

function fileText(path: string, found: Audit): string {
	if (path.endsWith('.xml')) {
		return auditJunit([{context: null, value: found, error: null}], found.time);
	}

	return path.endsWith('.txt')
		? `${auditReport(found, {width: Infinity, withEvidence: true}).trimEnd()}\n`
		: `${JSON.stringify(auditJson(found), null, '\t')}\n`;
}

function describeTest(path: Path): string {
	const leg = path.legs[1];
	const route = leg ? describeRoute(path, leg.route) : null;
	if (route !== null && route.basis !== null) {
		return `route ${route.name}, ${route.basis}`;
	}

	const shown = path.evidence.find(({rule}) => rule === 'step-test');
	return `tested, but the route is still unknown${shown === undefined ? '' : `: ${shown.observed}`}`;
}

async function testRoute(session: Session): Promise<void> {
	const isOfSeveral = session.store.state.others.length > 0;
	const found = await podForRouteTest(session);
	if (found === null) {
		const {namespace} = session.store.state.cluster;
		const place = `${namespace === null ? 'any namespace' : `namespace ${namespace}`}${isOfSeveral ? ` of ${session.cluster.context}` : ''}`;
		session.showMessage(`the route test needs a running pod: there is none in ${place}`, 'warn');
		return;
	}

	// The tested cluster keeps the results and relabels its open connections.
	const {pod, namespace, cluster} = found;
	if (
		!(await session.ask('Test the route?', [
			`Opens a few idle tunnels to ${pod}${isOfSeveral ? ` on ${cluster.context}` : ''} for a few seconds. Does not touch a container; appears in the audit log. Can prove the route of this apiserver: konnectivity or direct.`,
		]))
	) {
		return;
	}

	session.showMessage('testing the route …');
	const [path] = await findPaths(cluster.access, `pod/${pod}`, {
		features: ['port-forward'],
		probe: 'active',
		...(namespace !== '' && {namespace}),
	}).catch((thrown: unknown) => {
		session.showFailure('route test', thrown);
		return [];
	});
	if (path) {
		session.store.dispatchNow({
			type: 'push',
			layer: {kind: 'why', about: `tested with pod/${pod}`, path, error: null, entry: null, top: 0},
		});
		session.showMessage(describeTest(path));
	}

	session.paths.showAgain();
	if (session.shown.includes(cluster) && session.store.state.audit.rows.length > 0) {
		await readAudit(session);
	}
}

/**
The pod of the tail or the selected one, or else another that runs in the shown namespace. `null` if there is none.
@throws SpokeError if the pods cannot be listed
*/
async function podForRouteTest(session: Session): Promise<RouteTestPod | null> {
	for (const candidate of candidates(session).slice(0, maxReads)) {
		if (await canRunTest(candidate)) {
			return candidate;
		}
	}

	return findRunningPod(session);
}

/** The list of pods can be filtered, or out of date, because it is not updated while the audit is shown. */
async function findRunningPod({cluster, store}: Session): Promise<RouteTestPod | null> {
	const pods = listPath(podResource, store.state.cluster.namespace);
	const {items} = await cluster.access.json<{items: readonly PodObject[]}>({
		path: `${pods}?fieldSelector=status.phase%3DRunning&limit=${maxReads}`,
	});
	const pod = items.find(({metadata}) => metadata.deletionTimestamp === undefined);
	return pod ? {pod: pod.metadata.name, namespace: pod.metadata.namespace ?? '', cluster} : null;
}

function candidates(session: Session): RouteTestPod[] {
	const {cluster, store} = session;
	const tail = shownTail(store.state);
	const source = defaultSource(tail?.sources ?? []);
	const {pods} = store.state.lists;
	const rows = pods.visible.filter(({unread, context = cluster.context}) => unread === undefined && context === cluster.context);
	const selected = rows.filter(({id}) => id === selectedRow(pods)?.id);
	return [
		...(tail && source ? [{...source, cluster: clusterOfSource(session, tail.id, source)}] : []),
		...new Set([...selected, ...rows]).values().map(({name, namespace}) => ({pod: name, namespace, cluster})),
	];
}

/** False only for a pod that is known to be gone or not running; a failed read shows neither. */
async function canRunTest({pod, namespace, cluster: {access}}: RouteTestPod): Promise<boolean> {
	try {
		const {status, metadata} = await access.json<PodObject>({path: objectPath(podResource, namespace, pod)});
		return status?.phase === 'Running' && metadata.deletionTimestamp === undefined;
	} catch (thrown) {
		return toSpokeError(thrown).code !== 'ERR_NOT_FOUND';
	}
}
