/** `spoke doctor nodes`: checks the kubelets of all nodes. */
import {parseRequestTimeout} from '../../cluster/access-settings.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {describeNodeCheckProgress, describeNodeCheckRequest} from '../../report/descriptions/describe-doctor.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {checkNodes} from '../../evidence/node-checks/check-nodes.ts';
import {defaultNodeTimeoutMs, type NodeCheckSummary} from '../../evidence/doctor/doctor-object.ts';
import {countReadable, planNodeChecks} from '../../evidence/node-checks/plan-node-checks.ts';
import {jsonLine, createOutputWriter, noticeLine} from '../../report/output/output-writer.ts';
import {nodeCheckReport} from '../../report/output/path-report.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import type {Invocation} from '../command.ts';
import {confirm, clearLine, overwriteLine} from '../terminal-line.ts';
import type {doctorSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

const progressIntervalMs = 100;

export async function runNodeChecks(invocation: Invocation<typeof doctorSpec.flags>): Promise<number> {
	const {flags, given, stdout, stderr, env, interrupted} = invocation;
	const concurrency = flags['max-log-requests'];
	assertUsage(concurrency >= 1, `--max-log-requests=${concurrency} must be at least 1`);
	const timeoutMs = parseRequestTimeout(flags['request-timeout']) || defaultNodeTimeoutMs;
	const cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
	try {
		const plan = await planNodeChecks(cluster, {
			namespace: given.has('namespace') ? flags.namespace : undefined,
			selector: flags.selector,
		});
		const count = countReadable(plan);
		if (count > 0 && flags.probe === 'passive' && !(await isConfirmed(describeNodeCheckRequest(count, concurrency), invocation))) {
			stderr.write(noticeLine('canceled: no node was checked', stderr));
			return exitStatus.other;
		}

		const output = createOutputWriter(stdout);
		let counts: NodeCheckSummary['nodes'] | null = null;
		const drawing = setInterval(() => {
			if (counts !== null && stderr.isTTY) {
				overwriteLine(stderr, describeNodeCheckProgress(counts));
			}
		}, progressIntervalMs);
		const summary = await checkNodes(cluster, plan, {
			concurrency,
			timeoutMs,
			signal: AbortSignal.any([interrupted, output.closed]),
			async onChecked(check, known) {
				counts = known;
				if (flags.output === 'json') {
					await output.write(jsonLine(check));
				}
			},
		}).finally(() => {
			clearInterval(drawing);
			stderr.write(stderr.isTTY ? clearLine : '');
		});
		await output.write(flags.output === 'json' ? jsonLine(summary) : toTerminalCharset(stdout, nodeCheckReport(summary)));
		await output.finished();
		return summary.exitStatus;
	} finally {
		cluster.close();
	}
}

/** @throws SpokeError ERR_USAGE without a terminal to ask on */
async function isConfirmed(question: string, terminal: Pick<Invocation, 'stdin' | 'stderr' | 'interrupted'>): Promise<boolean> {
	const answer = await confirm(question, terminal);
	assertUsage(
		answer !== null,
		`doctor nodes needs confirmation, and there is no terminal: ${question}`,
		'pass --probe active to read without confirmation',
	);
	return answer;
}
