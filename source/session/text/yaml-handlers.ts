/** YAML screen of an object. */
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {clockTime} from '../../text/formats.ts';
import {errorLines} from '../why/why.tsx';
import {selectedTarget, subjectOf} from '../lists/selection.ts';
import {currentList} from '../frame/session-state.ts';
import type {ClusterTarget, Handlers, OpenCluster, Session} from '../frame/session.ts';
import {readYaml, yamlPath} from './object-yaml.ts';
import {currentText, openText} from './open-text.ts';

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
