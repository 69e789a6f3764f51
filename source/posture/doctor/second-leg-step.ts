/** Can the apiserver reach and use the kubelet? Tried as a person would: one log line, and a port-forward without streams. */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {refusal} from '../../cluster/refusal.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {explainedError, explainFailure, type Explanation} from '../../failures/explain-failure.ts';
import {statusMessage} from '../../failures/message-of-status.ts';
import type {PathSubjects} from '../path-subjects.ts';
import {readAgentPods} from '../probes/agent-metrics.ts';
import {readText} from '../probes/ask.ts';
import {holdUpgrade} from '../probes/held-upgrades.ts';
import {readSigningRequests} from '../probes/node-side.ts';
import {failedStep, passed, type StepResult} from './step-result.ts';

type Answer = {status: number; contentType: string; body: string};

export async function secondLegStep(cluster: ClusterAccess, {probe, node, target, pod}: PathSubjects): Promise<StepResult> {
	if (target.node === null) {
		return failedStep('leg-2', new SpokeError('ERR_TARGET_GONE', `pod ${target.name} is on no node yet`, {leg: 3, remedy: `kubectl describe pod ${target.name} -n ${target.namespace ?? 'default'}`}));
	}

	const log = probe ?? (pod ? {namespace: target.namespace ?? 'default', pod: target.name, container: target.container, node: target.node} : null);
	if (!log?.container) {
		return passed('leg-2', `not tried: no pod on node ${target.node} that you may read`, {status: 'unknown'});
	}

	const read = await readLog(cluster, log.namespace, log.pod, log.container);
	const first = read && !isOurs(read) ? await explained(read, cluster, node?.metadata.name ?? target.node) : null;
	if (first) {
		return first;
	}

	const held = probe ? await holdUpgrade(async () => cluster.connect(), {namespace: probe.namespace, name: probe.pod}) : null;
	if (held?.held) {
		held.end();
		return passed('leg-2', `kubelet ${target.node} answers: ${read ? '' : 'a log read and '}a port-forward`);
	}

	const second = held && !held.held && !isOurs(held) ? await explained(held, cluster, target.node) : null;
	return second ?? (read ? withoutLog(read, target.node) : passed('leg-2', `kubelet ${target.node} answers: a log read`));
}

/**
What a kubelet says of a container that has no log: the apiserver passes it on.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_pods.go validateContainerLogStatus
*/
const kubeletsWords = /^(?:previous terminated )?container ".*" in pod ".*" (?:is (?:waiting to start|not available|terminated)|not found)/;

/** Leg 2 did its work where the kubelet says why there is none; else it is the apiserver's word, before it asked. */
function withoutLog({status, body}: Answer, node: string): StepResult {
	const said = statusMessage(body);
	if (status === 400 && said !== null && kubeletsWords.test(said)) {
		return passed('leg-2', `kubelet ${node} answers: ${said}`);
	}

	return status === 403
		? passed('leg-2', 'not tried: neither logs nor port-forward are allowed to you', {status: 'unknown', fits: [said ?? body.slice(0, 300)]})
		: passed('leg-2', `not tried: ${said ?? 'there is no log to read'}`, {status: 'unknown'});
}

/** The answer of a read that failed; `null` where it succeeded. */
async function readLog(cluster: ClusterAccess, namespace: string, pod: string, container: string): Promise<Answer | null> {
	const query = new URLSearchParams({container, tailLines: '1', limitBytes: '1'});
	const response = await cluster.request({path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`, headers: {Accept: '*/*'}, timeoutMs: 40_000});
	const body = await readText(response, 64 * 1024);
	return response.status === 200 ? null : {status: response.status, contentType: (response.headers['content-type'] ?? ''), body};
}

/** The apiserver refused us, or the container has no log yet: leg 2 was not tried or did its work. */
function isOurs({status, body}: Answer): boolean {
	const row = explainFailure(body, {status})?.row;
	return row ? row.leg !== 2 : status === 400 || status === 403 || status === 404;
}

async function explained(answer: Answer, cluster: ClusterAccess, node: string): Promise<StepResult> {
	const explanation = explainFailure(answer.body, {status: answer.status});
	if (!explanation) {
		return failedStep('leg-2', refusal({status: answer.status, body: answer.body, headers: {'content-type': answer.contentType}}), {means: 'words that are not in the table of failures; shown as they are'});
	}

	return failedStep('leg-2', explainedError(explanation), {
		observed: explanation.row.meaning,
		text: explanation.words,
		means: explanation.row.meaning,
		speaker: explanation.row.speaker,
		fits: await whatFits(explanation, cluster, node),
	});
}

/** What can be seen beside that has to do with these words. */
async function whatFits({row, dialled}: Explanation, cluster: ClusterAccess, node: string): Promise<string[]> {
	const fits: string[] = dialled === null ? [] : [`the apiserver dialled ${dialled}`];
	if (row.proves.route) {
		const agents = await readAgentPods(cluster);
		fits.push(agents.read ? `${agents.read.facts.filter(({ready}) => ready).length} of ${agents.read.facts.length} agent pods ready in kube-system` : 'agent pods cannot be listed by you');
	}

	if (row.id === 'T5') {
		const requests = await readSigningRequests(cluster);
		const pending = requests.read?.facts.filter(({state, signer, user}) => state === 'pending' && signer === 'kubernetes.io/kubelet-serving' && user === `system:node:${node}`) ?? [];
		fits.push(...pending.map(({name}) => `pending: kubectl certificate approve ${name}`));
	}

	return fits;
}
