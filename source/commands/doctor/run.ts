/** `spoke doctor`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {doctorReport} from '../../output/doctor-report.ts';
import {jsonLine} from '../../output/json-line.ts';
import {runDoctor} from '../../evidence/doctor/run-doctor.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command} from '../command.ts';
import {oneTarget} from '../one-target.ts';
import {doctorSpec} from './spec.ts';

export const command: Command<typeof doctorSpec.flags> = {
	spec: doctorSpec,
	async run({flags, positionals, stdout, interrupted, env}) {
		const target = oneTarget(positionals);

		let cluster: ClusterClient | undefined;
		try {
			const doctor = await runDoctor(
				target,
				async () => {
					cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
					return cluster;
				},
				{signal: interrupted, container: flags.container},
			);
			interrupted.throwIfAborted();
			stdout.write(flags.output === 'json' ? jsonLine(doctor) : toTerminalCharset(stdout, doctorReport(doctor)));
			return doctor.exitStatus;
		} finally {
			cluster?.close();
		}
	},
};
