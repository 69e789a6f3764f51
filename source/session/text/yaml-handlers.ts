/** YAML screen of an object: its lines are those of `kubectl get -o yaml`. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {objectPath, findResource} from '../../targets/resource-names.ts';
import {explainNotFound} from '../../targets/target-pods.ts';
import {escapeControls} from '../../text/sanitize.ts';
import {currentList, type TextLine} from '../frame/session-state.ts';
import {clockTime} from '../../text/formats.ts';
import type {ClusterTarget, Handlers, OpenCluster, Session} from '../frame/session.ts';
import {selectedTarget, subjectOf} from '../lists/selection.ts';
import {errorLines} from '../why/why.tsx';
import {currentText, openText} from './text-handlers.ts';
import type {YamlLine} from './yaml-lines.ts';

export const yamlHandlers = {
	async 'list.yaml'(session) {
		if (currentList(session.store.state) === null) {
			session.showMessage('no object is selected: type :yaml pod/NAME', 'warn');
			return;
		}

		const selected = selectedTarget(session);
		if (selected) {
			await openYaml(session, selected);
		}
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
					: {lines: errorLines(error, ['where', 'code']), status: '', busy: false},
			});
			session.showFailure('refresh', error);
		}
	},
} satisfies Handlers;

type AnyObject = {metadata: {managedFields?: unknown}};

const isOfNamespace = /^(?:ns|namespaces?)\//;

/** @throws SpokeError ERR_USAGE for an unsupported kind */
export async function openYaml(session: Session, {cluster, target, namespace}: ClusterTarget): Promise<void> {
	yamlPath(target, namespace);
	const id = session.nextId('text');
	openText(session, {
		id,
		title: 'YAML',
		subject: subjectOf(session, {cluster, target}),
		lines: [{text: 'reading …'}],
		keyContext: 'yaml',
		busy: true,
		context: cluster.context,
		object: {target, namespace},
	});
	try {
		session.store.dispatchNow({type: 'fill-text', id, to: await read(cluster, {target, namespace})});
	} catch (thrown) {
		const error = knownFailure(thrown);
		session.store.dispatchNow({type: 'fill-text', id, to: {lines: errorLines(error, ['where', 'code']), status: '', busy: false}});
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
