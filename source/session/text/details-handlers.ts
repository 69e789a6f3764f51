/** Details and YAML of an object; the latter as `kubectl get -o yaml` prints it. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {objectPath, findResource} from '../../cluster/targets/resource-names.ts';
import {explainNotFound} from '../../cluster/targets/target-pods.ts';
import {clockTime, formatQuantity} from '../../base/text/formats.ts';
import {escapeControls} from '../../base/text/sanitize.ts';
import {saveAs, toFileName, writeNewFile} from '../frame/save-as.ts';
import {currentList, type TextLayer, type TextLine} from '../frame/session-state.ts';
import type {ClusterTarget, Handlers, OpenCluster, Session} from '../frame/session.ts';
import {formatCopiedLines} from '../kit/text-rows.ts';
import {onSelected, subjectOf} from '../lists/selection.ts';
import {openInProgram} from '../shell/terminal-queue.ts';
import {clean} from '../tail/export-lines.ts';
import {errorLines} from '../why/why.ts';
import {readDetails} from './object-details.ts';
import {currentText, goToTextMatch, onText, openBusyText, openText, searchInText, shownRows} from './text-handlers.ts';
import type {YamlLine} from './yaml-lines.ts';

const openSelectedYaml = onSelected(openYaml);
const openSelectedDetails = onSelected(openObjectDetails);

export const yamlHandlers = {
	async 'list.yaml'(session) {
		if (currentList(session.store.state) === null) {
			session.showMessage('no object is selected: type :yaml pod/NAME', 'warn');
			return;
		}

		await openSelectedYaml(session);
	},
	async 'yaml/refresh'(session) {
		const layer = currentText(session);
		const cluster = session.clusters.get(layer?.context ?? '');
		if (layer?.object === undefined || layer.id === undefined || cluster === undefined || layer.busy) {
			return;
		}

		const {id, copy, lines} = layer;
		const isRead = lines.some(({asIs}) => asIs);
		session.store.dispatchNow({type: 'fill-text', id, to: {status: 'reading …', busy: true}});
		try {
			const fresh = await read(cluster, layer.object);
			session.store.dispatchNow({type: 'fill-text', id, to: fresh});
			session.showMessage(fresh.copy === copy ? 'refreshed: no changes' : 'refreshed');
		} catch (thrown) {
			const error = knownFailure(thrown);
			// The object may be deleted.
			session.store.dispatchNow({
				type: 'fill-text',
				id,
				to: isRead
					? {status: `refresh failed at ${clockTime(Date.now())}`, busy: false}
					: {lines: errorLines(error, ['where']), status: '', busy: false},
			});
			session.showFailure('refresh', error);
		}
	},
} satisfies Handlers;

type AnyObject = {metadata: {managedFields?: unknown}};

const isOfNamespace = /^(?:ns|namespaces?)\//;

export const detailsHandlers = {
	'details/copy': onText((session, layer) => {
		session.copy(textOf(layer), 'the text');
	}),
	'details/save': onText(async (session, layer) => {
		const about = toFileName(`${layer.keyContext === 'yaml' ? '' : layer.title} ${layer.subject}`, 'text');
		const now = new Date().toISOString().slice(0, 19).replaceAll(':', '');
		const name = `${about}-${now}${endingOf(layer)}`;
		await saveAs(session, {name}, async path => `, ${formatQuantity(await writeNewFile(path, linesOf(layer)), 'line')}`);
	}),
	'details/pager': onText(async (session, layer) => {
		const line = layer.lines.every(({asIs}) => asIs) ? (shownRows(session)[layer.top] ?? 0) + 1 : 1;
		await openInProgram(session, 'pager', linesOf(layer), line, `text${endingOf(layer)}`);
	}),
	'details/search': searchInText,
	'details/search.next'(session) {
		goToTextMatch(session, 1);
	},
	'details/search.previous'(session) {
		goToTextMatch(session, -1);
	},
} satisfies Handlers;

/** @throws SpokeError ERR_USAGE for an unsupported kind */
export async function openYaml(session: Session, {cluster, target, namespace}: ClusterTarget): Promise<void> {
	yamlPath(target, namespace);
	const fill = openBusyText(session, {
		title: 'YAML',
		subject: subjectOf(session, {cluster, target}),
		lines: [{text: 'reading …'}],
		keyContext: 'yaml',
		context: cluster.context,
		object: {target, namespace},
	});
	try {
		fill(await read(cluster, {target, namespace}));
	} catch (thrown) {
		const error = knownFailure(thrown);
		fill({lines: errorLines(error, ['where'])});
		session.showFailure(`YAML of ${target}`, error);
	}
}

async function read({access}: OpenCluster, {target, namespace}: Pick<ClusterTarget, 'target' | 'namespace'>) {
	const {lines, without} = await readYaml(access, target, namespace);
	return {lines, copy: lines.map(({text}) => `${text}\n`).join(''), status: without === null ? '' : `${without} omitted`, busy: false};
}

/** @throws anything that is not a failure of the cluster or the connection */
function knownFailure(thrown: unknown): SpokeError {
	const error = toSpokeError(thrown);
	if (error.code === 'ERR_INTERNAL') {
		throw thrown;
	}

	return error;
}

/**
`without`: fields that kubectl omits as well.
@throws SpokeError by `refusal`, also for a missing namespace; ERR_USAGE for an unsupported kind
*/
export async function readYaml(
	access: ClusterClient,
	target: string,
	namespace: string,
): Promise<{lines: readonly TextLine[]; without: string | null}> {
	const {
		metadata: {managedFields, ...metadata},
		...object
	} = await readObject(access, target, namespace);
	const {yamlLines} = await import('./yaml-lines.ts');
	return {lines: yamlLines({...object, metadata}).map(one => shown(one)), without: managedFields === undefined ? null : 'managedFields'};
}

async function readObject(access: ClusterClient, target: string, namespace: string): Promise<AnyObject> {
	const path = yamlPath(target, namespace);
	try {
		return await access.json<AnyObject>({path, exact: true});
	} catch (thrown) {
		throw path.includes('/namespaces/') && !isOfNamespace.test(target) ? await explainNotFound(access, thrown, namespace) : thrown;
	}
}

/** @throws SpokeError ERR_USAGE for an unsupported kind */
export function yamlPath(target: string, namespace: string): string {
	if (isOfNamespace.test(target)) {
		return objectPath({api: '/api/v1', plural: 'namespaces', namespaced: false}, '', target.replace(isOfNamespace, ''));
	}

	const [word] = target.split('/', 1);
	if (target.includes('/') && !findResource(word!)) {
		throw new SpokeError('ERR_USAGE', `no YAML view of ${word!}: only of pods, workloads, services, nodes and namespaces`);
	}

	const {resource, name} = parseTarget(target);
	return objectPath(resource, namespace, name);
}

function shown({text, key}: YamlLine): TextLine {
	if (key === null) {
		return {text: escapeControls(text), asIs: true};
	}

	const [before, name] = [escapeControls(text.slice(0, key[0])), escapeControls(text.slice(...key))];
	return {text: before + name + escapeControls(text.slice(key[1])), asIs: true, key: [before.length, before.length + name.length]};
}

export async function openDetails(session: Session): Promise<void> {
	const {view} = session.store.state;
	if (view === 'forwards') {
		openForwardLog(session);
		return;
	}

	if (view === 'audit' || view === 'proxy' || view === 'sandbox') {
		return;
	}

	await openSelectedDetails(session);
}

export async function openObjectDetails(session: Session, {cluster, namespace, target}: ClusterTarget): Promise<void> {
	const fill = openBusyText(session, {
		title: 'Details',
		subject: subjectOf(session, {cluster, target}),
		lines: [{text: 'reading …'}],
	});
	try {
		const {lines, object} = await readDetails(cluster.access, target, namespace);
		const since = object.metadata.creationTimestamp;
		fill({lines, status: since === undefined ? '' : `created ${since}`});
	} catch (error) {
		fill({lines: [{text: (error as Error).message, role: 'state.failed'}]});
	}
}

function openForwardLog(session: Session): void {
	const {forwards, forwardCursor} = session.store.state;
	const forward = forwards[forwardCursor];
	if (forward) {
		const {local, asked, target, remote, open, closed, failed, phase, note, log} = forward;
		openText(session, {
			title: 'Forward',
			subject: `${local === null ? asked : `:${local}`} ${target}:${remote}`,
			status: `${open} open · ${closed} closed · ${failed} failed`,
			lines: [{label: phase, text: note}, ...log.toReversed().map(({time, text}) => ({label: clockTime(time), text}))],
		});
	}
}

function endingOf({keyContext}: TextLayer): string {
	return keyContext === 'yaml' ? '.yaml' : '.txt';
}

function textOf({copy, lines}: TextLayer): string {
	return clean(copy === '' ? formatCopiedLines(lines, Date.now()) : copy);
}

function linesOf(layer: TextLayer): string[] {
	return textOf(layer)
		.replace(/\n$/, '')
		.split('\n')
		.map(text => `${text}\n`);
}
