/** A local listener's TCP port, or Unix socket that only its owner can use. */
import {once} from 'node:events';
import {lstatSync, rmSync} from 'node:fs';
import {chmod, lstat, mkdtemp, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {AddressInfo, Server} from 'node:net';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

export type ListenEndpoint = {address: string; port: number} | {unixSocket: string};

/**
@throws SpokeError ERR_PORT_IN_USE (taken or not permitted), ERR_USAGE for an invalid address, ERR_LOCAL_FILE for a path that is not a
socket
*/
export async function listenOnEndpoint(server: Server, endpoint: ListenEndpoint): Promise<string> {
	return 'unixSocket' in endpoint ? listenOnSocket(server, endpoint.unixSocket) : listenOnPort(server, endpoint);
}

async function listenOnPort(server: Server, {address, port}: {address: string; port: number}): Promise<string> {
	const host = address.replace(/^\[(.*)\]$/, '$1');
	try {
		await startListening(server, {host, port, exclusive: true});
	} catch (error) {
		throw portError(error as NodeJS.ErrnoException, host, port);
	}

	const bound = server.address() as AddressInfo;
	return joinHostPort(bound.address, bound.port);
}

async function listenOnSocket(server: Server, path: string): Promise<string> {
	const existing = await lstat(path).catch(() => null);
	if (existing && !existing.isSocket()) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} exists and is not a socket, so spoke does not replace it`);
	}

	// Created in a private directory and moved after chmod: a mode set in place would come too late.
	let directory: string | undefined;
	try {
		directory = await mkdtemp(join(dirname(path), '.spoke-'));
		const temporaryPath = join(directory, 's');
		await startListening(server, {path: temporaryPath});
		await chmod(temporaryPath, 0o600);
		await rename(temporaryPath, path);
	} catch (error) {
		server.close();
		throw new SpokeError('ERR_LOCAL_FILE', `cannot create the socket ${path}: ${(error as Error).message}`, {cause: error});
	} finally {
		if (directory !== undefined) {
			await rm(directory, {recursive: true, force: true});
		}
	}

	// Node removes only the original path.
	const {ino} = await lstat(path);
	server.once('close', () => {
		if (lstatSync(path, {throwIfNoEntry: false})?.ino === ino) {
			rmSync(path, {force: true});
		}
	});
	return path;
}

async function startListening(server: Server, options: {host: string; port: number; exclusive: boolean} | {path: string}): Promise<void> {
	server.listen(options);
	await once(server, 'listening');
}

function portError(error: NodeJS.ErrnoException, host: string, port: number): SpokeError {
	const family = host.includes(':') ? 'IPv6' : 'IPv4';
	switch (error.code) {
		case 'EADDRINUSE': {
			return new SpokeError('ERR_PORT_IN_USE', `port ${port} of ${host} (${family}) is in use`, {
				cause: error,
				remedy: 'choose another --port, or 0 for a free one',
			});
		}

		case 'EACCES': {
			return new SpokeError('ERR_PORT_IN_USE', `port ${port} of ${host} (${family}) is not allowed for this user`, {
				cause: error,
				remedy: 'choose a port from 1024, or 0 for a free one',
			});
		}

		default: {
			return new SpokeError('ERR_USAGE', `cannot listen on ${host}, port ${port}: ${error.message}`, {cause: error});
		}
	}
}
