/** A forward to a pod of a sandbox, in this process. */
import type {ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {SpokeError} from '../../source/base/errors/spoke-error.ts';
import type {Sandbox} from '../../source/sandbox/sandbox.ts';
import type {ConnectionObserver} from '../../source/streams/connection-observer.ts';
import type {ForwardEvent} from '../../source/streams/port-forward/forward-event.ts';
import {parseListenAddresses} from '../../source/streams/port-forward/local-listener.ts';
import {parsePortSpec} from '../../source/streams/port-forward/forward-request.ts';
import {startForward} from '../../source/streams/port-forward/start-forward.ts';
import {parseTarget} from '../../source/cluster/targets/parse-target.ts';
import {clientForTest} from './client-for-test.ts';
import {openSandbox} from './sandbox.ts';
import {startTcpCutter, type TcpCutter} from './tcp-cutter.ts';
import {until} from './until.ts';

/** A sandbox and its cluster, whose connections the test can stall or cut. */
export async function openCutCluster(t: ExecutionContext): Promise<{sandbox: Sandbox; cluster: ClusterClient; cutter: TcpCutter}> {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const cutter = await startTcpCutter(new URL(sandbox.server).host);
	t.teardown(async () => cutter.stop());
	const cluster = await clientForTest(t, ['--kubeconfig', kubeconfigFile, '--server', `https://${cutter.address}`]);
	return {sandbox, cluster, cutter};
}

export type OpenForward = {
	told: readonly ForwardEvent[];
	find<Name extends ForwardEvent['event']>(name: Name): Extract<ForwardEvent, {event: Name}> | undefined;
	/** Waits for the first event of the name. */
	event<Name extends ForwardEvent['event']>(name: Name): Promise<Extract<ForwardEvent, {event: Name}>>;
	/** Its error, if it ended with one. */
	ended: Promise<SpokeError | null>;
	stop: AbortController;
	port: number;
};

/** Resolves when the port is ready. */
export async function openForward(
	t: ExecutionContext,
	cluster: ClusterClient,
	{target, port = ':7000', observer = {}}: {target: string; port?: string; observer?: ConnectionObserver},
): Promise<OpenForward> {
	const stop = new AbortController();
	const {events} = startForward(
		cluster,
		{
			target: parseTarget(target),
			ports: [{id: 'f1', spec: parsePortSpec(port)}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs: 10_000,
		},
		{signal: stop.signal, observer},
	);
	const told: ForwardEvent[] = [];
	const ended = (async () => {
		try {
			for await (const event of events) {
				told.push(event);
			}

			return null;
		} catch (error) {
			return error as SpokeError;
		}
	})();
	t.teardown(async () => {
		stop.abort();
		await ended;
		cluster.close();
	});
	const find: OpenForward['find'] = name => told.find(({event}) => event === name) as never;
	const event: OpenForward['event'] = async name => until(() => find(name), told);
	const ready = await event('ready');
	return {told, find, event, ended, stop, port: ready.listen[0]!.port};
}
