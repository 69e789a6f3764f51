/** Keeps a sandbox running for other clients, until it is told to end or its parent is gone. */
import {chmod, readFile, rm, writeFile} from 'node:fs/promises';
import process from 'node:process';
import type {Writable} from 'node:stream';
import {stringify} from 'yaml';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';

const parentCheckMs = 500;

/** Writes the kubeconfig, and removes it again at the end. */
export async function serveSandbox(sandbox: Sandbox, file: string | undefined, stdout: Writable, signal: AbortSignal): Promise<void> {
	if (file !== undefined) {
		await writeKubeconfig(file, sandbox);
	}

	stdout.write(`sandbox: serving at ${sandbox.server}${file === undefined ? '' : `; use it with KUBECONFIG=${file}`}\n`);
	await untilEnd(signal);
	if (file !== undefined) {
		await rm(file, {force: true});
	}
}

/** A file that holds anything but an earlier sandbox is left alone. @throws SpokeError ERR_LOCAL_FILE */
async function writeKubeconfig(file: string, sandbox: Sandbox): Promise<void> {
	const there = await readFile(file, 'utf8').catch(() => '');
	if (there !== '' && !there.includes('spoke.dev/sandbox')) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} exists and is no kubeconfig of a sandbox`, {remedy: 'name a file that does not exist yet'});
	}

	try {
		await writeFile(file, stringify(sandbox.kubeconfig()), {mode: 0o600});
		await chmod(file, 0o600);
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`, {cause: error});
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
	signal.addEventListener('abort', () => {
		resolve();
	}, {once: true});
	if (signal.aborted) {
		resolve();
	}

	await promise;
	clearInterval(watch);
}
