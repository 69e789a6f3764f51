/** `spoke doctor`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {doctorReport} from '../../report/output/path-report.ts';
import {jsonLine} from '../../report/output/output-writer.ts';
import type {Doctor} from '../../evidence/doctor/doctor-object.ts';
import {runDoctor} from '../../evidence/doctor/run-doctor.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {runNodeChecks} from './check-nodes.ts';
import {doctorSpec} from './spec.ts';
import {assertUsage, oneTarget} from '../usage.ts';

/** A pod of that name is pod/nodes. */
const allNodes = 'nodes';

const flagsOfNodes = ['selector', 'max-log-requests'];

export const command: Command<typeof doctorSpec.flags> = {
	spec: doctorSpec,
	async run(invocation) {
		const {flags, given, positionals, stdout} = invocation;
		const target = oneTarget(positionals);
		const isOfNodes = target === allNodes;
		const wrong = (isOfNodes ? ['container'] : flagsOfNodes).find(name => given.has(name));
		assertUsage(wrong === undefined, `--${wrong} ${isOfNodes ? 'does not apply' : 'applies only'} to doctor nodes`);
		if (isOfNodes) {
			return runNodeChecks(invocation);
		}

		const doctor = await examineTarget(target, invocation);
		stdout.write(flags.output === 'json' ? jsonLine(doctor) : toTerminalCharset(stdout, doctorReport(doctor)));
		return doctor.exitStatus;
	},
};

/** With `--probe=passive`, leg 2 is not tested. @throws the reason of `interrupted` */
async function examineTarget(target: string, {flags, given, env, interrupted}: Invocation<typeof doctorSpec.flags>): Promise<Doctor> {
	let cluster: ClusterClient | undefined;
	try {
		const doctor = await runDoctor(
			target,
			async () => {
				cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
				return cluster;
			},
			{signal: interrupted, container: flags.container, probe: given.has('probe') ? flags.probe : 'active'},
		);
		interrupted.throwIfAborted();
		return doctor;
	} finally {
		cluster?.close();
	}
}
