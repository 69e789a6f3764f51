/** What a container said that ended before anybody could attach to it. */
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {exitStatusOf} from '../../streams/debug-container.ts';
import {resolvePod} from '../../targets/resolve-pod.ts';
import type {Invocation} from '../command.ts';
import {printLogs} from '../logs/print-logs.ts';
import type {debugSpec} from './spec.ts';

/** A kubelet reports a container's end within a second or two. */
const statusLagMs = 10_000;

/**
Prints the container's whole log to stdout, as `kubectl debug` does.
@returns its exit status, or `null` when it has not ended, and nothing is printed
@throws SpokeError of the log that cannot be read
*/
export async function printTerminatedContainer(
	{flags, env, stdout, interrupted}: Invocation<typeof debugSpec.flags>,
	{pod: podName, name}: {pod: string; name: string},
): Promise<number | null> {
	const cluster = await createClusterClient(flags, env);
	try {
		const {pod, target} = await resolvePod(cluster, `pod/${podName}`, {
			order: 'attach',
			podRunningTimeoutMs: flags['pod-running-timeout'],
			signal: interrupted,
		});
		const status = await exitStatusOf(cluster, pod, name, {limitMs: statusLagMs, signal: interrupted});
		if (status === null) {
			return null;
		}

		const {namespace = cluster.facts.namespace, uid = null} = pod.metadata;
		const source = {namespace, pod: podName, uid, node: pod.spec.nodeName ?? null, container: name};
		const output = createOutputWriter(stdout);
		await printLogs(cluster, [{source, target: {...target, container: name}}], output, {
			read: {},
			prefix: false,
			json: false,
			terminal: stdout.isTTY,
			ignoreErrors: false,
			witness: undefined,
			signal: interrupted,
			say() {},
		});
		await output.finished();
		return status;
	} finally {
		cluster.close();
	}
}
