/** Serves one certificate row to kubectl or spoke. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {CertificateRow} from './certificate-rows.ts';
import {kubeconfigText} from './kubeconfig-text.ts';

export type Verdict = {ok: boolean; text: string};

/** `run` returns the refusal, or `null`. */
export async function tryCertificate(row: CertificateRow, run: (kubeconfig: string) => Promise<string | null>): Promise<Verdict> {
	const {leaf, above = [], trusted} = await row.make();
	const folder = await mkdtemp(join(tmpdir(), 'spoke-certificate-'));
	const server = createServer(
		{
			cert: [leaf, ...above].map(one => one.certificate).join(''),
			key: leaf.key,
			// The server must not be stricter than the row.
			ciphers: 'DEFAULT@SECLEVEL=0',
			...(row.protocol && {minVersion: row.protocol, maxVersion: row.protocol}),
		},
		(_, response) => {
			response.setHeader('content-type', 'application/json');
			if (row.serverClock) {
				response.setHeader('date', row.serverClock.toUTCString());
			}

			response.end('{}');
		},
	);
	server.on('tlsClientError', () => {});
	await new Promise<void>(resolve => server.listen(0, '::', resolve));
	try {
		const {port} = server.address() as AddressInfo;
		const file = join(folder, 'config');
		await writeFile(
			file,
			kubeconfigText({
				server: `https://${row.host ?? '127.0.0.1'}:${port}`,
				ca: trusted.map(one => one.certificate).join(''),
				user: {token: 'secret-token'},
				...(row.asked !== undefined && {cluster: {'tls-server-name': row.asked}}),
			}),
		);
		const text = await run(file);
		return {
			ok: text === null,
			text: (text ?? '')
				.replaceAll(`:${port}`, ':<port>')
				.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
				.replaceAll(/^E\d{4} .*\n/gm, '')
				.trim(),
		};
	} finally {
		server.closeAllConnections();
		server.close();
		await rm(folder, {recursive: true, force: true});
	}
}
