/** Makes one request with a kubeconfig row. */
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import type {Ground, KubeconfigRow} from './kubeconfig-rows.ts';
import {startRecordingServers, type RecordingServers, type Seen} from './recording-servers.ts';
import {refusalWith} from './request-with.ts';

/** Ports and directories are the same for every run. */
export type Outcome = {
	ok: boolean;
	text: string;
	seen: readonly Seen[];
	/** KUBERNETES_EXEC_INFO, if a plugin ran. */
	execInfo: unknown;
};

export type Program = (ground: Ground, row: KubeconfigRow, environment: NodeJS.ProcessEnv) => Promise<string | null>;

export async function withServers<Result>(work: (servers: RecordingServers) => Promise<Result>): Promise<Result> {
	const servers = await startRecordingServers();
	try {
		return await work(servers);
	} finally {
		await servers.close();
	}
}

/** `run` returns the refusal, or `null`. */
export async function tryRow(servers: RecordingServers, row: KubeconfigRow, run: Program): Promise<Outcome> {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-kubeconfig-'));
	try {
		const ground = groundOf(servers, folder);
		for (const [path, content] of Object.entries(row.files(ground))) {
			await mkdir(dirname(join(folder, path)), {recursive: true});
			await writeFile(join(folder, path), content);
			await chmod(join(folder, path), 0o700);
		}

		servers.seen.length = 0;
		const environment = {
			PATH: process.env['PATH'],
			HOME: folder,
			KUBECACHEDIR: join(folder, 'cache'),
			KUBECONFIG: join(folder, 'config'),
			...row.environment?.(ground),
		};
		const text = await run(ground, row, environment);
		const told = await readFile(join(folder, 'exec-info'), 'utf8').catch(() => null);
		return {
			ok: text === null,
			text: settled(text ?? '', ground),
			seen: JSON.parse(settled(JSON.stringify(servers.seen), ground)) as Seen[],
			execInfo: told === null ? null : JSON.parse(settled(told, ground)),
		};
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

export const withSpoke: Program = async (ground, row, environment) => refusalWith(row.flags?.(ground) ?? [], environment);

export function withKubectl(kubectl: string): Program {
	return async (ground, row, environment) => {
		const {exitCode, stderr} = await execa(kubectl, ['get', '--raw', '/api', ...(row.flags?.(ground) ?? [])], {
			env: environment,
			extendEnv: false,
			reject: false,
			stdin: 'ignore',
			timeout: 40_000,
		});
		return exitCode === 0 ? null : stderr;
	};
}

function groundOf(servers: RecordingServers, folder: string): Ground {
	return {...servers, folder, caData: Buffer.from(servers.ca.certificate).toString('base64')};
}

/** Replaces ports, the directory, certificates and log prefixes, so that runs can be compared. */
function settled(text: string, ground: Ground): string {
	const ports = Object.entries(ground.ports).reduce((now, [name, port]) => now.replaceAll(`:${port}`, `:<${name}>`), text);
	return (
		ports
			.replaceAll(ground.folder, '<folder>')
			.replaceAll(ground.caData, '<ca>')
			// kubectl also sends its own timeout.
			.replaceAll('/api?timeout=5s', '/api')
			.replaceAll(/127\.0\.0\.1:\d{4,5}(?=->)/g, '127.0.0.1:<local>')
			.replaceAll(/^E\d{4} .*\n/gm, '')
			.trim()
	);
}
