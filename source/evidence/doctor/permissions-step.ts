/** The user's permissions on the target; a missing one rules out a command, not the path. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {AccessReview} from '../../cluster/self-review.ts';
import {canI} from '../probes/access.ts';
import {passed, type StepResult} from './step-result.ts';

type PermissionQuestion = Extract<AccessReview, {resource: string}>;
type CommandQuestion = readonly [command: string, rights: readonly PermissionQuestion[]];

export async function permissionsStep(cluster: ClusterClient, input: string): Promise<StepResult> {
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
		return passed('rights', 'the apiserver does not report your permissions', {status: 'unknown'});
	}

	const allowed = answers.filter(({rights}) => rights.every(({allowed}) => allowed)).map(({command}) => command);
	const powerful = answers.some(({command, rights}) => command === 'proxy to nodes' && rights.every(({allowed}) => allowed));
	return passed('rights', `allowed: ${allowed.join(', ') || 'none of the permissions checked'}`, {
		status: missing.length > 0 ? 'note' : 'ok',
		fits: [...missing, ...(powerful ? ['nodes/proxy allows commands in every pod of a node, even with get only'] : [])],
		remedy: missing.length > 0 ? 'request the permissions named; since 1.35, WebSockets need create as well as get' : null,
	});
}
