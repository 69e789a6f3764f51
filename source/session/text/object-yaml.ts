/** An object as lines of `kubectl get -o yaml`. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {TextLine} from '../frame/session-state.ts';
import {explainNotFound} from '../../targets/target-pods.ts';
import {objectPath, findResource} from '../../targets/resource-names.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {escapeControls} from '../../text/sanitize.ts';
import type {YamlLine} from './yaml-lines.ts';

type AnyObject = {metadata: {managedFields?: unknown}};

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

const isOfNamespace = /^(?:ns|namespaces?)\//;

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
