/** Runs a sandbox for other clients until it is interrupted or its parent process ends. */
import {chmod, readFile, rm, writeFile} from 'node:fs/promises';
import process from 'node:process';
import type {Writable} from 'node:stream';
import {stringify} from 'yaml';
import {decodeKubeconfig} from '../../cluster/kubeconfig/decode-kubeconfig.ts';
import {parseDocument} from '../../cluster/kubeconfig/parse-document.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';

const parentCheckMs = 500;

/** Writes the kubeconfig, and removes it at the end if it still contains only sandboxes. */
export async function serveSandbox(sandbox: Sandbox, file: string | undefined, stdout: Writable, signal: AbortSignal): Promise<void> {
	if (file !== undefined) {
		await writeKubeconfig(file, sandbox);
	}

	stdout.write(`sandbox: serving at ${sandbox.server}${file === undefined ? '' : `; use it with KUBECONFIG=${file}`}\n`);
	await untilEnd(signal);
	// The user may have added a cluster meanwhile.
	if (file !== undefined && (await isOfSandbox(await readFile(file, 'utf8').catch(() => '')))) {
		await rm(file, {force: true});
	}
}

/** Overwrites only the kubeconfig of an earlier sandbox. @throws SpokeError ERR_LOCAL_FILE */
async function writeKubeconfig(file: string, sandbox: Sandbox): Promise<void> {
	const there = await readFile(file, 'utf8').catch(() => '');
	if (there !== '' && !(await isOfSandbox(there))) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} exists and is not the kubeconfig of a sandbox`, {
			remedy: 'specify a file that does not exist',
		});
	}

	try {
		await writeFile(file, stringify(sandbox.kubeconfig()), {mode: 0o600});
		await chmod(file, 0o600);
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`, {cause: error});
	}
}

async function isOfSandbox(text: string): Promise<boolean> {
	try {
		const {clusters} = decodeKubeconfig(await parseDocument(text));
		return clusters.size > 0 && clusters.values().every(({sandbox}) => sandbox);
	} catch {
		return false;
	}
}

async function untilEnd(signal: AbortSignal): Promise<void> {
	const {promise, resolve} = Promise.withResolvers<void>();
	const parent = process.ppid;
	const watch = setInterval(() => {
		if (process.ppid !== parent) {
			resolve();
		}
	}, parentCheckMs);
	signal.addEventListener(
		'abort',
		() => {
			resolve();
		},
		{once: true},
	);
	if (signal.aborted) {
		resolve();
	}

	await promise;
	clearInterval(watch);
}
