/** The cluster of a test: starts the profile if needed; everything ends with the run. */
import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import type {UserName} from '../lab/kubeconfig.ts';
import {kubectl, type Finished} from '../lab/kubectl.ts';
import {openLab, type Lab} from '../lab/lab.ts';
import {postureOf, type PostureName} from '../lab/postures.ts';
import {startProfile, type Profile} from '../lab/profile.ts';
import {truthOf, type StreamFacts, type Truth} from '../lab/truth.ts';

/** A server of the lab: the apiserver of a posture, or a load balancer or gateway in front of some. */
export type LabServer = PostureName | 'balancer' | 'gateway' | 'impersonator' | 'twin' | `split-${string}` | 'one-lease' | 'big';

export type Cluster = {
	readonly lab: Lab;
	kubeconfig(server: LabServer, user?: UserName): string;
	kubectl(server: LabServer, args: readonly string[], options?: {user?: UserName; input?: string; limitMs?: number}): Promise<Finished>;
	/** With several servers, the context of each is `SERVER-USER`, and that of the first is current. */
	spoke(
		server: LabServer | readonly LabServer[],
		args: readonly string[],
		options?: {user?: UserName; input?: string; limitMs?: number},
	): Promise<Finished>;
	/** The test must end it. */
	startSpoke(server: LabServer | readonly LabServer[], args: readonly string[], user?: UserName): ChildProcessWithoutNullStreams;
	truth(posture: PostureName, stream: StreamFacts): Truth;
};

const program = fileURLToPath(new URL('../../../build/spoke.js', import.meta.url));

/** Resolves when the profile is ready. The run's end stops it (scripts/run-tests.ts). */
export async function useCluster(profile: Profile = {}): Promise<Cluster> {
	const lab = await openLab();
	await startProfile(lab, profile);
	const kubeconfig = (server: LabServer, user: UserName = 'admin') => `${lab.folder}/kubeconfigs/${server}-${user}.yaml`;
	const start = (server: LabServer | readonly LabServer[], args: readonly string[], user?: UserName) => {
		const files = [server].flat().map(one => kubeconfig(one, user));
		return spawn(process.execPath, [program, ...args], {
			env: {PATH: process.env['PATH'], HOME: lab.folder, KUBECONFIG: files.join(':')},
		});
	};
	return {
		lab,
		kubeconfig,
		kubectl: async (server, args, {user, ...options} = {}) => kubectl(kubeconfig(server, user), args, options),
		spoke: async (server, args, {user, ...options} = {}) => finished(start(server, args, user), options),
		startSpoke: start,
		truth: (posture, stream) => truthOf(postureOf(posture), stream),
	};
}

/** `host:port` of the server, for a relay. */
export async function apiserverOf(cluster: Cluster, server: LabServer): Promise<string> {
	const {stdout} = await cluster.kubectl(server, ['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}']);
	return new URL(stdout).host;
}

/** Past `limitMs` the child is ended and its status is null. */
async function finished(
	child: ChildProcessWithoutNullStreams,
	{input = '', limitMs = 60_000}: {input?: string; limitMs?: number},
): Promise<Finished> {
	const stdout: Buffer[] = [];
	const stderr: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
	const status = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	clearTimeout(limit);
	return {status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString()};
}
