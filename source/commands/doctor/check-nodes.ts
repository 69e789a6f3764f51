/** `spoke doctor nodes`: checks the kubelets of all nodes. */
import {parseRequestTimeout} from '../../cluster/access-settings.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {describeNodeCheckProgress, describeNodeCheckRequest} from '../../descriptions/describe-node-checks.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {checkNodes} from '../../evidence/node-checks/check-nodes.ts';
import {defaultNodeTimeoutMs} from '../../evidence/doctor/doctor-object.ts';
import {countReadable, planNodeChecks} from '../../evidence/node-checks/plan-node-checks.ts';
import {jsonLine} from '../../output/json-line.ts';
import {nodeCheckReport} from '../../output/doctor-report.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Invocation} from '../command.ts';
import {confirm} from '../confirm.ts';
import {clearLine, overwriteLine} from '../overwrite-line.ts';
import type {doctorSpec} from './spec.ts';

export async function runNodeChecks(invocation: Invocation<typeof doctorSpec.flags>): Promise<number> {
	const {flags, given, stdout, stderr, env, interrupted} = invocation;
	const concurrency = flags['max-log-requests'];
	if (concurrency < 1) {
		throw new SpokeError('ERR_USAGE', `--max-log-requests=${concurrency} must be at least 1`);
	}

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
		const progress = new ThrottledLine(stderr);
		const summary = await checkNodes(cluster, plan, {
			concurrency,
			timeoutMs,
			signal: AbortSignal.any([interrupted, output.closed]),
			async onChecked(check, tally) {
				progress.show(describeNodeCheckProgress(tally.counts));
				if (flags.output === 'json') {
					await output.write(jsonLine(check));
				}
			},
		}).finally(() => {
			progress.clear();
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
	if (answer === null) {
		throw new SpokeError('ERR_USAGE', `doctor nodes needs confirmation, and there is no terminal: ${question}`, {
			remedy: 'pass --probe active to read without confirmation',
		});
	}

	return answer;
}

const progressIntervalMs = 100;

/** One line that is overwritten; nothing if it is not a terminal. */
class ThrottledLine {
	readonly #stream: NodeJS.WriteStream;
	#text = '';
	#timer: NodeJS.Timeout | undefined;

	constructor(stream: NodeJS.WriteStream) {
		this.#stream = stream;
	}

	show(text: string): void {
		this.#text = text;
		if (this.#stream.isTTY) {
			this.#timer ??= setTimeout(() => {
				this.#timer = undefined;
				overwriteLine(this.#stream, this.#text);
			}, progressIntervalMs);
		}
	}

	clear(): void {
		clearTimeout(this.#timer);
		if (this.#stream.isTTY) {
			this.#stream.write(clearLine);
		}
	}
}
