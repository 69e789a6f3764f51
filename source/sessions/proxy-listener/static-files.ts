/** Files of one folder, served beside the API; nothing outside of it, whatever the path or a link says. */
import {createReadStream} from 'node:fs';
import {realpath, stat} from 'node:fs/promises';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {extname, join, sep} from 'node:path';

const contentTypes: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
	'.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.jpg': 'image/jpeg', '.ico': 'image/x-icon', '.wasm': 'application/wasm', '.txt': 'text/plain; charset=utf-8',
};

/** `path` is decoded once and stands behind the files' prefix. A folder is its index.html. */
export async function serveFile(folder: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const file = await fileIn(folder, path);
	if (file === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
		response.writeHead(file === null ? 404 : 405, {'Content-Type': 'text/plain'}).end(file === null ? 'not found\n' : 'method not allowed\n');
		return;
	}

	response.writeHead(200, {'Content-Type': contentTypes[extname(file.path)] ?? 'application/octet-stream', 'Content-Length': file.size, 'X-Content-Type-Options': 'nosniff'});
	if (request.method === 'HEAD') {
		response.end();
		return;
	}

	createReadStream(file.path).on('error', () => response.destroy()).pipe(response);
}

async function fileIn(folder: string, path: string): Promise<{path: string; size: number} | null> {
	try {
		const root = await realpath(folder);
		const asked = await realpath(join(root, path));
		const found = (await stat(asked)).isDirectory() ? await realpath(join(asked, 'index.html')) : asked;
		const facts = await stat(found);
		return facts.isFile() && found.startsWith(root + sep) ? {path: found, size: facts.size} : null;
	} catch {
		return null;
	}
}
