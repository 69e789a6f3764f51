/** The endpoint of a local listener: a TCP port, or a Unix socket that only its owner can use. */
import {lstatSync, rmSync} from 'node:fs';
import {chmod, lstat, mkdtemp, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {AddressInfo, Server} from 'node:net';
import {SpokeError} from '../../errors/spoke-error.ts';

export type ListenEndpoint = {address: string; port: number} | {unixSocket: string};

/**
Resolves to `127.0.0.1:8001`, `[::1]:8001` or the socket's path.
@throws SpokeError ERR_PORT_IN_USE (taken, or not allowed to this user), ERR_USAGE for what is no address, ERR_LOCAL_FILE for a path that
is no socket
*/
export async function listenOn(server: Server, endpoint: ListenEndpoint): Promise<string> {
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
	return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

async function listenOnSocket(server: Server, path: string): Promise<string> {
	const existing = await lstat(path).catch(() => null);
	if (existing && !existing.isSocket()) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} exists and is not a socket, so spoke does not replace it`);
	}

	// Made in a folder that is ours alone, and moved when it is private: a mode that is set in place comes too late.
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

	// Node takes away only what it made, where it made it.
	const {ino} = await lstat(path);
	server.once('close', () => {
		if (lstatSync(path, {throwIfNoEntry: false})?.ino === ino) {
			rmSync(path, {force: true});
		}
	});
	return path;
}

async function startListening(server: Server, options: {host: string; port: number; exclusive: boolean} | {path: string}): Promise<void> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(options, () => {
			server.off('error', reject);
			resolve();
		});
	});
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
