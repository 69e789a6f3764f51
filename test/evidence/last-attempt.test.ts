/** Effects of a failed attempt on later paths of the same leg. */
import anyTest, {type ExecutionContext} from 'ava';
import {ClusterRecords} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {runAudit} from '../../source/evidence/audit/run-audit.ts';
import {runDoctor} from '../../source/evidence/doctor/run-doctor.ts';
import {createLabeler} from '../../source/evidence/connection-labeler.ts';
import {findPaths} from '../../source/evidence/find-paths.ts';
import {recordAnswer, recordFailure, secondLegsOf} from '../../source/evidence/second-leg-record.ts';
import type {SandboxOptions} from '../../source/sandbox/sandbox.ts';
import {openLog} from '../../source/streams/logs/open-log.ts';
import {resolvePod} from '../../source/cluster/targets/resolve-pod.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {makeObservations} from '../support/observations.ts';
import {openSandbox} from '../support/sandbox.ts';

const {purpose: logs} = makeObservations({}, 'logs');

// Sandboxes that start together delay each other by more than a handshake timeout.
const test = anyTest.serial;

/** A cluster client whose streams are labeled, as in a session. */
async function labeled(t: ExecutionContext, options: SandboxOptions) {
	const {sandbox, env} = await openSandbox(t, options);
	const cluster = await clientForTest(t, [], env);
	const labeler = createLabeler(cluster);
	t.teardown(() => {
		labeler.close();
		cluster.close();
	});
	const {target} = await resolvePod(cluster, 'db-0', {podPreference: 'logs', podRunningTimeoutMs: 2000});
	const source = {namespace: 'default', pod: 'db-0', uid: target.uid, node: target.node, container: 'db'};
	return {
		sandbox,
		cluster,
		node: target.node!,
		/** `null` if it was read. */
		async readLog(): Promise<string | null> {
			try {
				const log = await openLog(cluster, source, {tailLines: 1}, {target, observer: labeler.observer});
				log.body.resume();
				log.close();
				return null;
			} catch (error) {
				return (error as Error).message;
			}
		},
		pathOf: async (feature: 'logs' | 'exec') => (await findPaths(cluster, 'db-0', {probe: 'passive', features: [feature]}))[0]!,
		audit: async () => (await runAudit(cluster, {probe: 'passive', require: [], minBasis: 'proven'})).rows,
	};
}

test('missing agents break the path and audit rows of a pod until a stream gets through', async t => {
	const {sandbox, node, readLog, pathOf, audit} = await labeled(t, {scenario: 'konnectivity'});
	t.is((await pathOf('exec')).broken, null);
	const before = (await audit()).map(({id, verdict}) => `${id} ${verdict}`);
	await sandbox.switches.set({agents: 'gone'});
	t.regex((await readLog()) ?? '', /No agent available/);
	const path = await pathOf('exec');
	t.regex(path.line, new RegExp(`-x kubelet ${node}$`));
	t.regex(path.findings[0]!.message, /^The last attempt \(logs\) failed \d+s ago: .*No agent available/);
	t.is(path.broken?.error?.code, 'ERR_SECOND_LEG');
	const rows = await audit();
	t.deepEqual(
		rows.filter(({id}) => ['C1', 'C2', 'C3', 'C10'].includes(id)).map(({verdict}) => verdict),
		// The audit's own read of a kubelet failed since, with a message that the kubelet can have sent.
		['unknown', 'unknown', 'unknown', 'fail'],
	);
	await sandbox.switches.set({agents: 'running'});
	t.is(await readLog(), null);
	t.is((await pathOf('exec')).broken, null);
	t.deepEqual(
		(await audit()).map(({id, verdict}) => `${id} ${verdict}`),
		before,
	);
});

test('a refused kubelet certificate makes TLS refused, inferred, for its node alone', async t => {
	const {cluster, node, readLog, pathOf} = await labeled(t, {scenario: 'refused'});
	t.is((await pathOf('logs')).legs[1]!.tls.state, 'enforced');
	t.regex((await readLog()) ?? '', /refuses the certificate of the kubelet/);
	const {tls} = (await pathOf('exec')).legs[1]!;
	t.deepEqual([tls.state, tls.basis], ['refused', 'inferred']);
	const others = await findPaths(cluster, `node/${node === 'n1' ? 'n2' : 'n1'}`, {probe: 'passive'});
	t.deepEqual(
		others.map(({legs, broken}) => [legs[1]!.tls.state, broken]),
		[['enforced', null]],
	);
});

test('rows C1 to C3 warn in the first audit, if its read of a kubelet fails in the tunnel', async t => {
	const {sandbox, audit} = await labeled(t, {scenario: 'konnectivity'});
	await sandbox.switches.set({agents: 'gone'});
	const rows = await audit();
	t.deepEqual(
		rows.filter(({id}) => ['C1', 'C2', 'C3'].includes(id)).map(({verdict}) => verdict),
		['warn', 'warn', 'warn'],
	);
});

test('a failed probe breaks the path that it was made for', async t => {
	const {sandbox, cluster, node} = await labeled(t, {scenario: 'konnectivity'});
	await sandbox.switches.set({agents: 'gone'});
	const [path] = await findPaths(cluster, 'db-0', {probe: 'active', features: ['exec']});
	t.regex(path!.line, new RegExp(`-x kubelet ${node}$`));
});

test('a doctor result is used by later reads', async t => {
	const {sandbox, cluster, pathOf} = await labeled(t, {scenario: 'konnectivity'});
	await sandbox.switches.set({agents: 'gone'});
	t.is((await runDoctor('db-0', async () => cluster)).stoppedAt, 'leg-2');
	t.is((await pathOf('exec')).broken?.reason, 'last-attempt-failed');
	await sandbox.switches.set({agents: 'running'});
	t.is((await runDoctor('db-0', async () => cluster)).stoppedAt, null);
	t.is((await pathOf('exec')).broken, null);
});

test('the doctor reports the last attempt when it cannot test leg 2', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const cluster = await clientForTest(t, ['-n', 'kube-public'], env);
	const legTwoStep = async () => (await runDoctor('node/n1', async () => cluster)).steps.find(({name}) => name === 'leg-2');
	const before = await legTwoStep();
	t.deepEqual([before?.status, before?.fits], ['unknown', []], 'no pod of this namespace is on it');
	const error = new SpokeError('ERR_SECOND_LEG', 'connection refused', {leg: 2}).toJSON();
	secondLegsOf(cluster).add({
		farEnd: 'kubelet n1',
		feature: 'exec',
		time: new Date().toISOString(),
		process: null,
		failure: {error, facts: null, authors: ['apiserver', 'kubelet']},
	});
	const [hint] = (await legTwoStep())?.fits ?? [];
	t.regex(hint ?? '', /^the last attempt \(exec\) failed \d+s ago: connection refused$/);
});

test('a log read without the certificate check does not show that the check passes', t => {
	const cluster = {records: new ClusterRecords()};
	const attempt = (insecureSkipTlsVerifyBackend: boolean) => ({
		process: null,
		purpose: {...logs, insecureSkipTlsVerifyBackend},
	});
	recordFailure(cluster, attempt(false), new SpokeError('ERR_SECOND_LEG', 'x509', {leg: 2}).toJSON());
	recordAnswer(cluster, attempt(true));
	t.not(secondLegsOf(cluster).outcomes[0]?.failure, null);
	recordAnswer(cluster, attempt(false));
	t.is(secondLegsOf(cluster).outcomes[0]?.failure, null);
});

test('only a failure of known leg 2 is recorded', t => {
	const cluster = {records: new ClusterRecords()};
	for (const error of [
		new SpokeError('ERR_STREAM_LOST', 'lost'),
		new SpokeError('ERR_APISERVER_UNREACHABLE', 'no', {leg: 1}),
		new SpokeError('ERR_TARGET_GONE', 'gone', {leg: 3}),
	]) {
		recordFailure(cluster, {purpose: logs, process: null}, error.toJSON());
	}

	t.deepEqual(secondLegsOf(cluster).outcomes, []);
});
