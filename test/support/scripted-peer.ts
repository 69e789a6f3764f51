/** Starts the scripted peer (test/peer). test/real-cluster/build.sh builds it with Go. */
import {execFile, spawn} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {kubeconfigText} from './kubeconfig-text.ts';

export type ScriptedPeer = {
	/** `host:port` for the apiserver. */
	address: string;
	/** `host:port` for the kubelet. */
	kubeletAddress: string;
	kubeconfig: string;
	stop(): Promise<void>;
};

export async function startScriptedPeer(): Promise<ScriptedPeer> {
	await promisify(execFile)('bash', [fileURLToPath(new URL('../real-cluster/build.sh', import.meta.url)), 'peer'], {timeout: 600_000});
	const folder = await mkdtemp(join(tmpdir(), 'spoke-peer-'));
	const cache = process.env['SPOKE_CLUSTER_CACHE'] ?? join(homedir(), '.cache/spoke-cluster');
	const certificate = join(folder, 'ca.pem');
	const child = spawn(join(cache, 'bin/scripted-peer'), ['--ca-out', certificate, '--logs', folder], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const [, address, kubeletAddress] = await firstLine(child.stdout);
	const kubeconfig = join(folder, 'kubeconfig.json');
	await writeFile(
		kubeconfig,
		kubeconfigText({
			server: `https://${address}`,
			ca: await readFile(certificate, 'utf8'),
			user: {token: 'scripted'},
			namespace: 'scripts',
		}),
	);
	return {
		address: address!,
		kubeletAddress: kubeletAddress!,
		kubeconfig,
		async stop() {
			const ended = new Promise(resolve => {
				child.once('close', resolve);
			});
			child.stdin.end();
			await ended;
			await rm(folder, {recursive: true, force: true});
		},
	};
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string[]> {
	for await (const line of createInterface({input: stream})) {
		return line.split(' ');
	}

	throw new Error('the scripted peer ended before it was ready');
}
