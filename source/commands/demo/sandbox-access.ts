/** Access to a sandbox of this process. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';

export type SandboxAccess = {
	kubeconfigFile: string;
	/** A new client, which the caller closes. */
	open(): Promise<ClusterClient>;
	dispose(): Promise<void>;
};

/** Only the owner can read its kubeconfig. The caller must `dispose` of it. */
export async function createSandboxAccess(sandbox: Sandbox): Promise<SandboxAccess> {
	const directory = await mkdtemp(join(tmpdir(), 'spoke-'));
	const kubeconfigFile = join(directory, 'kubeconfig');
	await writeFile(kubeconfigFile, JSON.stringify(sandbox.kubeconfig('admin')), {mode: 0o600});
	const {flags} = parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfigFile]);
	const env = {...process.env, HTTPS_PROXY: '', https_proxy: ''};
	return {
		kubeconfigFile,
		open: async () => createClusterClient(flags, env),
		dispose: async () => rm(directory, {recursive: true, force: true}),
	};
}
