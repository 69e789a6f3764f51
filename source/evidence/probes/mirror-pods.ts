/** Command lines and environment of the control plane's mirror pods. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {ContainerSpec, PodObject} from '../../targets/pod-object.ts';
import type {ComponentPod, FlagFacts, Observation, ProbeResult} from '../evidence.ts';
import {needMirrorPods} from '../rules/needs.ts';
import {parseList, probeTimeoutMs, type Requester, sendProbe} from './probe-request.ts';

const path =
	'/api/v1/namespaces/kube-system/pods?labelSelector=component%20in%20(kube-apiserver%2Ckube-controller-manager%2Ckube-scheduler%2Cetcd)&limit=500';

/** A kubelet cannot give its own node this label: getForbiddenLabels of the admission plugin NodeRestriction. */
const controlPlanePath = `/api/v1/nodes?labelSelector=${encodeURIComponent('node-role.kubernetes.io/control-plane')}&limit=500`;

/**
Only mirror pods of a kubelet's static manifest: the label alone can be put on any pod. A kubelet can create any mirror pod on its own node,
with any address in its status, so those of nodes outside the control plane are left out.
*/
export async function readMirrorPods(
	cluster: Requester,
	{timeoutMs = probeTimeoutMs}: {timeoutMs?: number} = {},
): Promise<ProbeResult<readonly ComponentPod[]>> {
	const found = await sendProbe(cluster, {source: 'mirror-pod', path, need: needMirrorPods, timeoutMs}, body => {
		const pods = parseList<PodObject>(body, path).items.flatMap(pod => {
			const component = parseComponentPod(pod);
			return component ? [{component, node: pod.spec.nodeName ?? ''}] : [];
		});
		return pods.length > 0 ? pods : undefined;
	});
	if (!found.observation) {
		return found;
	}

	const nodes = await readControlPlaneNodes(cluster, timeoutMs);
	const pods = found.observation.facts.filter(({node}) => nodes?.has(node) ?? true).map(({component}) => component);
	return pods.length > 0
		? {observation: {...found.observation, facts: pods}}
		: {unavailable: {source: 'mirror-pod', where: found.observation.where, reason: 'not-served', need: needMirrorPods}};
}

/** Names; `null` if nodes cannot be listed, or none has the label. */
export async function readControlPlaneNodes(cluster: Requester, timeoutMs: number): Promise<ReadonlySet<string> | null> {
	const result = await sendProbe(cluster, {source: 'mirror-pod', path: controlPlanePath, need: null, timeoutMs}, body =>
		parseList<CheckedObject<'nodes'>>(body, controlPlanePath).items.map(({metadata}) => metadata.name),
	);
	return result.observation && result.observation.facts.length > 0 ? new Set(result.observation.facts) : null;
}

export function apiserverFlags(observation: Observation<readonly ComponentPod[]>): Array<Observation<FlagFacts>> {
	return observation.facts
		.filter(({component}) => component === 'kube-apiserver')
		.map(({pod, flags}) => ({...observation, where: `pod kube-system/${pod}`, facts: flags}));
}

export function parseComponentPod({metadata, spec, status}: PodObject): ComponentPod | undefined {
	const container = spec.containers.find(({name}) => components.includes(name as ComponentPod['component']));
	if (!isMirrorPod({metadata, spec}) || !container || !isRunning(container, metadata, status)) {
		return undefined;
	}

	const {args, isComplete, runsAlone} = extractProgramArguments(container.command ?? [], container.args ?? [], container.name);
	const values = parseFlags(args);
	return {
		component: container.name as ComponentPod['component'],
		pod: metadata.name,
		flags: {
			// The value of a variable is not seen: it may be empty, or further arguments.
			values: Object.fromEntries(Object.entries(values).filter(([, value]) => !/[$`]/.test(value))),
			// OpenShift's apiserver reads most of its flags from the file of --openshift-config.
			absent: isComplete && values['openshift-config'] === undefined ? 'default' : 'unknown',
			proxyEnvironment: proxyEnvironmentOf(container, runsAlone),
		},
	};
}

/** Of its own node: a kubelet can create no other. */
export function isMirrorPod({metadata, spec}: Pick<PodObject, 'metadata' | 'spec'>): boolean {
	return (
		metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined &&
		metadata.ownerReferences?.some(({kind, name}) => kind === 'Node' && name === spec.nodeName) === true
	);
}

const components: ReadonlyArray<ComponentPod['component']> = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];

/** A container newer than the manifest runs this command line. */
function isRunning(container: ContainerSpec, metadata: PodObject['metadata'], status: PodObject['status']): boolean {
	const running = status?.containerStatuses?.find(({name}) => name === container.name)?.state?.running;
	const seen = Date.parse(metadata.annotations?.['kubernetes.io/config.seen'] ?? '');
	const started = Date.parse(running?.startedAt ?? '');
	return running !== undefined && (Number.isNaN(seen) || Number.isNaN(started) || started + 1000 >= seen);
}

/**
`--a=b`, `--a b` and a bare `--a`; the last one wins, and `_` equals `-` in a name. Flags in a file (`--config`) are not seen.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/component-base/cli/flag/flags.go WordSepNormalizeFunc
*/
function parseFlags(words: readonly string[]): Record<string, string> {
	const flags: Record<string, string> = {};
	for (const [index, word] of words.entries()) {
		const [, name, value] = /^--([\w-]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
		if (name !== undefined) {
			const next = words[index + 1];
			flags[name.replaceAll('_', '-')] = value ?? (next !== undefined && !next.startsWith('-') ? next : 'true');
		}
	}

	return flags;
}

/** Good enough to find a program in a shell command, not to prove anything about it. */
export function parseShellFlags(words: readonly string[]): Record<string, string> {
	return parseFlags(
		words.flatMap(word => (/\s--/.test(word) ? word.split(/\s+/).map(part => part.replaceAll(/(?<=^|=)(["'])(.*)\1$/g, '$2')) : [word])),
	);
}

function proxyEnvironmentOf({command = [], args = [], env, envFrom}: ContainerSpec, isAlone: boolean): boolean | null {
	if (
		env?.some(({name, value}) => /^https?_proxy$/i.test(name ?? '') && value !== '') ||
		[...command, ...args].some(word => /\bhttps?_proxy=/i.test(word))
	) {
		return true;
	}

	return !isAlone || (envFrom && envFrom.length > 0) ? null : false;
}

type ProgramArguments = {
	args: readonly string[];
	/** Nothing unseen can add arguments. */
	isComplete: boolean;
	/** Nothing else runs, so the program's environment is the container's. */
	runsAlone: boolean;
};

const noArguments: ProgramArguments = {args: [], isComplete: false, runsAlone: false};

/**
Also after a launcher (`go-runner --log-file=… kube-apiserver --a=b`) or in a shell script. Without the program's name (the image's entry
point runs), nothing is known. In a script that names it twice, either may run.
*/
function extractProgramArguments(command: readonly string[], args: readonly string[], program: string): ProgramArguments {
	const words = [...command, ...args];
	const script = scriptIn(words);
	if (script === undefined) {
		return {...argumentsAfter(words, program), runsAlone: true};
	}

	const commands = simpleCommands(script);
	const own = commands?.filter(one => nameAt(one, program) >= 0) ?? [];
	return own.length === 1 ? {...argumentsAfter(own[0]!, program), runsAlone: commands!.length === 1} : noArguments;
}

/** `hyperkube` contained all programs, selected by the second argument. */
function argumentsAfter(words: readonly string[], program: string): Pick<ProgramArguments, 'args' | 'isComplete'> {
	const at = nameAt(words, program);
	const own = at < 0 ? [] : words.slice(at + 1);
	// A variable or command substitution may be any number of arguments.
	return {args: own, isComplete: at >= 0 && own.every(word => !/[$`]/.test(word))};
}

function nameAt(words: readonly string[], program: string): number {
	return words.findIndex(word => [program, 'hyperkube'].includes(word.split('/').at(-1)!));
}

function scriptIn(words: readonly string[]): string | undefined {
	const isShell = /^(?:ba|da|a|k|z)?sh$/.test((words[0] ?? '').split('/').at(-1)!);
	const at = isShell ? words.findIndex((word, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(word)) : -1;
	return at < 0 ? (isShell ? '' : undefined) : (words[at + 1] ?? '');
}

/** A word, with its quoted parts; a comment begins where a word does; a redirection is not a word. */
const token =
	/(?<gap>[ \t]+|\\\n)|(?<comment>#[^\n]*)|(?<redirection>\d*[<>]{1,2}&?[ \t]*[^\s;&|()<>]*)|(?<end>\n|;|&&?|\|\|?|[()]|[{}](?=[\s;]|$))|(?<word>(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s;&|()<>'"\\])+)|(?<rest>[\s\S])/gy;

/** As unquoted words; `undefined` if the script cannot be parsed to its end. @see POSIX.1 XCU 2.3 */
function simpleCommands(script: string): ReadonlyArray<readonly string[]> | undefined {
	const commands: string[][] = [[]];
	for (const {groups = {}} of script.matchAll(token)) {
		if (groups['rest'] !== undefined) {
			return undefined;
		}

		if (groups['end'] !== undefined) {
			commands.push([]);
		} else if (groups['word'] !== undefined) {
			commands.at(-1)!.push(unquoted(groups['word']));
		}
	}

	return commands.filter(words => words.length > 0);
}

function unquoted(word: string): string {
	return word.replaceAll(
		/'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
		(_, single?: string, double?: string, escaped?: string) => single ?? double?.replaceAll(/\\(["$\\`])/g, '$1') ?? escaped ?? '',
	);
}
