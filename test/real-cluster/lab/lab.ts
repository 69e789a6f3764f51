/** Directory, addresses and names of one lab; several labs fit on one machine. */
import {execFile} from 'node:child_process';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';

const run = promisify(execFile);

export type Lab = {
	readonly folder: string;
	/** 0–15: the third byte of its addresses. */
	readonly number: number;
};

/** `SPOKE_LAB`, else one in the system's temporary directory. */
export const defaultFolder = (): string => process.env['SPOKE_LAB'] ?? join(tmpdir(), 'spoke-lab');

/** Creates a lab with the lowest free number if there is none. */
export async function openLab(folder: string = defaultFolder()): Promise<Lab> {
	const known = await readLab(folder);
	if (known) {
		return known;
	}

	await mkdir(folder, {recursive: true, mode: 0o700});
	const lab = {folder, number: await claimNumber()};
	await raiseWatchLimit(lab);
	await writeFile(join(folder, 'lab.json'), JSON.stringify(lab));
	return lab;
}

const watchLimitFile = '/proc/sys/fs/inotify/max_user_instances';

/** Apiservers and kubelets watch each of their files; the usual limit of 128 suffices for half a lab. Records the old limit. */
async function raiseWatchLimit(lab: Lab): Promise<void> {
	const before = Number(await readFile(watchLimitFile, 'utf8'));
	if (before < 2048) {
		await writeFile(join(lab.folder, 'watch-limit'), String(before));
		await writeFile(watchLimitFile, '2048');
	}
}

/** Unless another lab still needs it. */
export async function restoreWatchLimit(lab: Lab): Promise<void> {
	const before = await readFile(join(lab.folder, 'watch-limit'), 'utf8').catch(() => undefined);
	const {stdout} = await run('ip', ['-brief', 'address', 'show', 'dev', 'lo']);
	if (before !== undefined && !/ 10\.99\.\d+\.1\/32/.test(stdout)) {
		await writeFile(watchLimitFile, before);
	}
}

export async function readLab(folder: string): Promise<Lab | undefined> {
	try {
		return JSON.parse(await readFile(join(folder, 'lab.json'), 'utf8')) as Lab;
	} catch {
		return undefined;
	}
}

/** Not loopback, which endpoints and node addresses may not be. On the `lo` interface. */
export const controlPlaneAddress = (lab: Lab): string => `10.99.${lab.number}.1`;

/** Loopback, yet no other lab's. */
export const loopbackAddress = (lab: Lab): string => `127.99.${lab.number}.1`;

/** `n3` of lab 0 is 10.99.0.13. */
export const nodeAddress = (lab: Lab, node: string): string => `10.99.${lab.number}.${10 + nodeNumber(node)}`;

/** The pods of `n3` of lab 0 are in 10.98.3.0/24. */
export const podSubnet = (lab: Lab, node: string): string => `10.98.${lab.number * 16 + nodeNumber(node)}.0/24`;

export const nodeNumber = (node: string): number => Number(node.slice(1));

/** False if it exists already. */
export async function addAddress(address: string): Promise<boolean> {
	try {
		await run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
		return true;
	} catch (error) {
		if (/File exists|already assigned/.test(String(error))) {
			return false;
		}

		throw error;
	}
}

export async function removeAddresses(lab: Lab): Promise<void> {
	const {stdout} = await run('ip', ['-json', 'address', 'show', 'dev', 'lo']);
	const [loopback] = JSON.parse(stdout) as Array<{addr_info: Array<{local: string; prefixlen: number}>}>;
	for (const {local, prefixlen} of loopback?.addr_info ?? []) {
		if (local.startsWith(`10.99.${lab.number}.`)) {
			await run('ip', ['address', 'delete', `${local}/${prefixlen}`, 'dev', 'lo']);
		}
	}
}

/** Adding the address is the claim: the kernel allows it only once. */
async function claimNumber(): Promise<number> {
	for (let number = 0; number < 16; number++) {
		if (await addAddress(controlPlaneAddress({folder: '', number}))) {
			return number;
		}
	}

	throw new Error('sixteen labs are running already; stop one with test/real-cluster/lab/down.ts');
}
