/** Serves the files of one directory, and nothing outside it. */
import {createReadStream} from 'node:fs';
import {realpath, stat} from 'node:fs/promises';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {extname, join, sep} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {SpokeError} from '../../errors/spoke-error.ts';

const contentTypes: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.mjs': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.json': 'application/json',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.jpg': 'image/jpeg',
	'.ico': 'image/x-icon',
	'.wasm': 'application/wasm',
	'.txt': 'text/plain; charset=utf-8',
};

/**
`path` is decoded once. Resolves when the file is sent or the client has disconnected.
@throws SpokeError ERR_LOCAL_FILE if reading fails; the response may have started
*/
export async function serveFile(directory: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const file = await findFile(directory, path);
	if (file === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
		response
			.writeHead(file === null ? 404 : 405, {'Content-Type': 'text/plain'})
			.end(file === null ? 'not found\n' : 'method not allowed\n');
		return;
	}

	response.writeHead(200, {
		'Content-Type': contentTypes[extname(file.path)] ?? 'application/octet-stream',
		'Content-Length': file.size,
		'X-Content-Type-Options': 'nosniff',
	});
	if (request.method === 'HEAD' || file.size === 0) {
		response.end();
		return;
	}

	await sendFile(file, response);
}

/** The file may have grown. */
async function sendFile({path, size}: {path: string; size: number}, response: ServerResponse): Promise<void> {
	try {
		await pipeline(createReadStream(path, {end: size - 1}), response);
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code !== 'ERR_STREAM_PREMATURE_CLOSE') {
			throw new SpokeError('ERR_LOCAL_FILE', `the file cannot be served: ${message}`, {cause: error});
		}
	}
}

async function findFile(directory: string, path: string): Promise<{path: string; size: number} | null> {
	try {
		const root = await realpath(directory);
		const requested = await realpath(join(root, path));
		const file = (await stat(requested)).isDirectory() ? await realpath(join(requested, 'index.html')) : requested;
		const facts = await stat(file);
		return facts.isFile() && file.startsWith(root + sep) ? {path: file, size: facts.size} : null;
	} catch {
		return null;
	}
}
