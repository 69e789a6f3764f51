/** Remote commands that are recorded, and what their transcripts say. */
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {type FarSide, startCommandServer} from './command-server.ts';
import {runSpoke} from './run-spoke.ts';
import {temporaryDirectory} from './temporary-directory.ts';

export async function serveRecorded(t: ExecutionContext, script: (far: FarSide) => void | Promise<void>) {
	const server = await startCommandServer(t, script);
	const home = await temporaryDirectory(t);
	await server.cluster();
	const config = ['--kubeconfig', join(server.folder, 'config-1')];
	return {home, file: join(home, 'a.cast'), config, env: {HOME: home}};
}

export type Verification = {
	state: string;
	recording: {
		user: {name: string; from: string};
		command: string[];
		requirements: object[];
		target: {container: string};
		inputRecorded: boolean;
	};
	requests: Array<{status: number; auditId: {sent: string}}>;
	paths: Array<{line: string}>;
	end: {
		how: string;
		remoteExitStatus: number | null;
		stdout: {bytes: number; sha256: string};
		stdin: {bytes: number} | null;
		error: {code: string} | null;
	};
};

export async function verified(file: string, env: NodeJS.ProcessEnv): Promise<Verification> {
	const {status, stdout, stderr} = await runSpoke(['verify', file, '-o', 'json'], {env});
	const object = JSON.parse(stdout) as Verification;
	if (status !== 0) {
		throw new Error(`${object.state} ${stderr}`);
	}

	return object;
}
