/** Tools that run a one-shot command with `-o json`. */
import {clampTimerMs} from '../../async/abortable.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {jsonLine} from '../../output/json-line.ts';
import {auditSpec} from '../audit/spec.ts';
import {doctorSpec} from '../doctor/spec.ts';
import {logsSpec} from '../logs/spec.ts';
import {pathSpec} from '../path/spec.ts';
import {flagsNamed, oneShotInvocation, streamInvocation, type McpTool} from './mcp-tool.ts';

const followForFlag = {
	name: 'follow-for',
	kind: 'duration',
	positive: true,
	value: 'DURATION',
	help: 'also follow new lines for this long; for a workload, from all its pods',
} as const satisfies FlagSpec;

const logFlags = [...logsSpec.flags, followForFlag] as const;

/** Enough to see what happened last. A call can ask for more. */
const defaultTail = 100;

const logsTool: McpTool = {
	name: 'logs',
	title: 'Logs of pods',
	about: `Prints the last lines of the logs of a pod, workload or service (target), or of the pods with labels (selector). Without tail, the last ${defaultTail} lines of each log. Each line is a LogLine object.`,
	target: 'optional',
	parameters: [
		...flagsNamed(logsSpec.flags, [
			'selector',
			'container',
			'all-containers',
			'all-pods',
			'previous',
			'tail',
			'since',
			'since-time',
			'level',
			'include',
			'exclude',
			'field',
		]),
		followForFlag,
	],
	place: 'namespace',
	isReadOnly: true,
	async run(call) {
		const {printPodLogs} = await import('../logs/run.ts');
		const invocation = streamInvocation(logFlags, call, ['--output=json', '--path=never', `--tail=${defaultTail}`]);
		const {'follow-for': followMs} = invocation.flags;
		if (followMs === undefined) {
			return printPodLogs(invocation, call);
		}

		const enough = AbortSignal.timeout(clampTimerMs(followMs));
		const interrupted = AbortSignal.any([call.interrupted, enough]);
		const status = await printPodLogs({...invocation, flags: {...invocation.flags, follow: true}, interrupted}, call);
		return enough.aborted ? exitStatus.ok : status;
	},
};

const pathTool: McpTool = {
	name: 'path',
	title: 'Path to a target',
	about:
		'Shows the TLS state and the route of each leg to a pod, workload, node or service, for each feature, with basis, evidence, missing permissions and remedies. Opens no connection to the target. Each feature is a Path object.',
	target: 'required',
	parameters: flagsNamed(pathSpec.flags, ['feature']),
	place: 'namespace',
	isReadOnly: true,
	async run(call) {
		const {command} = await import('../path/run.ts');
		return command.run(oneShotInvocation(pathSpec.flags, call, ['--output=json', '--probe=passive']));
	},
};

const doctorTool: McpTool = {
	name: 'doctor',
	title: 'Doctor of a target',
	about:
		'Checks the steps to a target: kubeconfig, apiserver (leg 1), your permissions, the object, and the state of its container (leg 3). Opens no stream, so it does not test whether the kubelet responds (leg 2): for that, read a log. The result is a Doctor object.',
	target: 'required',
	parameters: flagsNamed(doctorSpec.flags, ['container']),
	place: 'namespace',
	isReadOnly: true,
	async run(call) {
		const {examineTarget} = await import('../doctor/run.ts');
		const doctor = await examineTarget(call.target!, oneShotInvocation(doctorSpec.flags, call, []), {probe: 'passive'});
		call.stdout.write(jsonLine(doctor));
		return doctor.exitStatus;
	},
};

const auditTool: McpTool = {
	name: 'audit',
	title: 'Audit of the paths of a cluster',
	about:
		'Checks every path between the nodes and the control plane of a cluster: whether it is verified, unverified or plain, by which route, and how that is known. Passive. The result is an Audit object.',
	target: 'none',
	parameters: [],
	place: 'context',
	isReadOnly: true,
	async run(call) {
		const {command} = await import('../audit/run.ts');
		return command.run(oneShotInvocation(auditSpec.flags, call, ['--output=json', '--probe=passive']));
	},
};

export const oneShotTools: readonly McpTool[] = [logsTool, pathTool, doctorTool, auditTool];
