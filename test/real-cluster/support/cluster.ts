/** The cluster of a test: starts the profile if needed; everything ends with the run. */
import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import type {UserName} from '../lab/kubeconfig.ts';
import {apply, kubectl, mustKubectl, wordsOf, type Arguments, type Finished} from '../lab/kubectl.ts';
import {openLab, type Lab} from '../lab/lab.ts';
import {base, postureOf, type PostureName} from '../lab/postures.ts';
import {startProfile, type Profile} from '../lab/profile.ts';
import {truthOf, type StreamFacts, type Truth} from '../lab/truth.ts';

/** A server of the lab: the apiserver of a posture, or a load balancer or gateway in front of some. */
export type LabServer = PostureName | 'balancer' | 'gateway' | 'impersonator' | 'twin' | `split-${string}` | 'one-lease' | 'big';

type Options = {user?: UserName; input?: string; limitMs?: number};

/** A program that runs, with what it has written so far. */
export type Running = {
	readonly child: ChildProcessWithoutNullStreams;
	stdout(): string;
	stderr(): string;
	/** Its status. */
	readonly ended: Promise<number | null>;
	/** Ends it; resolves to its status. */
	stop(signal?: NodeJS.Signals): Promise<number | null>;
};

export type Cluster = {
	readonly lab: Lab;
	kubeconfig(server: LabServer, user?: UserName): string;
	kubectl(server: LabServer, args: Arguments, options?: Options): Promise<Finished>;
	/** With several servers, the context of each is `SERVER-USER`, and that of the first is current. */
	spoke(server: LabServer | readonly LabServer[], args: Arguments, options?: Options): Promise<Finished>;
	/** The test must end it. */
	startSpoke(server: LabServer | readonly LabServer[], args: Arguments, user?: UserName): Running;
	/** Applies objects in `demo`; resolves when all pods among them are Ready. */
	apply(...objects: readonly object[]): Promise<void>;
	truth(posture: PostureName, stream: StreamFacts): Truth;
};

/** The limit of a promised time: threefold, for a slow machine. */
export const slack = (promisedMs: number): number => 3 * promisedMs;

const program = fileURLToPath(new URL('../../../build/spoke.js', import.meta.url));

/** Resolves when the profile is ready. The run's end stops it (scripts/run-tests.ts). */
export async function useCluster(profile: Profile = {}): Promise<Cluster> {
	const lab = await openLab();
	await startProfile(lab, profile);
	const kubeconfig = (server: LabServer, user: UserName = 'admin') => `${lab.folder}/kubeconfigs/${server}-${user}.yaml`;
	const startSpoke = (server: LabServer | readonly LabServer[], args: Arguments, user?: UserName) => {
		const files = [server].flat().map(one => kubeconfig(one, user));
		return watched(
			spawn(process.execPath, [program, ...wordsOf(args)], {
				env: {PATH: process.env['PATH'], HOME: lab.folder, KUBECONFIG: files.join(':')},
			}),
		);
	};
	return {
		lab,
		kubeconfig,
		startSpoke,
		kubectl: async (server, args, {user, ...options} = {}) => kubectl(kubeconfig(server, user), args, options),
		spoke: async (server, args, {user, ...options} = {}) => finished(startSpoke(server, args, user), options),
		async apply(...objects) {
			await apply(kubeconfig(base), objects);
			const pods = objects.map(object => object as {kind: string; metadata: {name: string}}).filter(({kind}) => kind === 'Pod');
			if (pods.length > 0) {
				const names = pods.map(({metadata}) => `pod/${metadata.name}`);
				await mustKubectl(kubeconfig(base), ['wait', '--for=condition=Ready', ...names, '--timeout=90s'], {limitMs: 100_000});
			}
		},
		truth: (posture, stream) => truthOf(postureOf(posture), stream),
	};
}

/** `host:port` of the server, for a relay. */
export async function apiserverOf(cluster: Cluster, server: LabServer): Promise<string> {
	const {stdout} = await cluster.kubectl(server, 'config view --minify -o jsonpath={.clusters[0].cluster.server}');
	return new URL(stdout).host;
}

/** The JSON objects among the lines of an output. */
export function objectsIn<Value>(text: string): Value[] {
	return text
		.split('\n')
		.filter(line => line.startsWith('{'))
		.map(line => JSON.parse(line) as Value);
}

/** A failed test leaves its programs, and a test file does not end before them. Less than the longest silence of scripts/run-tests.ts. */
const longestRunMs = 200_000;

function watched(child: ChildProcessWithoutNullStreams): Running {
	let [stdout, stderr] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	// Most programs here read no input, and some end before they have read all.
	child.stdin.on('error', () => undefined);
	const limit = setTimeout(() => child.kill('SIGKILL'), longestRunMs);
	const ended = new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', status => {
			clearTimeout(limit);
			resolve(status);
		});
	});
	return {
		child,
		ended,
		stdout: () => stdout,
		stderr: () => stderr,
		async stop(signal = 'SIGINT') {
			child.kill(signal);
			return ended;
		},
	};
}

/** Past `limitMs` the program is ended and its status is null. */
async function finished({child, ended, stdout, stderr}: Running, {input = '', limitMs = 60_000}: Options): Promise<Finished> {
	child.stdin.end(input);
	const ending = setTimeout(() => child.kill('SIGKILL'), limitMs);
	const status = await ended;
	clearTimeout(ending);
	return {status, stdout: stdout(), stderr: stderr()};
}
