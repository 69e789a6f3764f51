/** A client certificate and its key, from data or from files that may be renewed while we run. */
import {readFile} from 'node:fs/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText} from '../file-error-text.ts';
import type {UserEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {ClientCertificate} from '../tls/start-tls.ts';

type Pair = Pick<UserEntry, 'clientCertificate' | 'clientCertificateData' | 'clientKey' | 'clientKeyData'>;

/** Files are looked at again at most once a second, as client-go does. */
const rereadAfterMs = 1000;

/** Gives the current pair, the same object while it has not changed; whether the two belong together shows when they are used. Data wins over a file. @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function certificateSource(pair: Pair, now: () => number = Date.now): () => Promise<ClientCertificate> {
	let last: ClientCertificate | null = null;
	let readAt = -Infinity;
	return async () => {
		if (last && (now() - readAt < rereadAfterMs || (pair.clientCertificateData.length > 0 && pair.clientKeyData.length > 0))) {
			return last;
		}

		const [certificate, key] = await Promise.all([
			dataOrFile(pair.clientCertificateData, pair.clientCertificate),
			dataOrFile(pair.clientKeyData, pair.clientKey),
		]);
		readAt = now();
		if (!last?.certificate.equals(certificate) || !last.key.equals(key)) {
			last = {certificate, key};
		}

		return last;
	};
}

async function dataOrFile(data: Buffer, path: string): Promise<Buffer> {
	if (data.length > 0) {
		return data;
	}

	try {
		return await readFile(path);
	} catch (error) {
		throw new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`the client certificate cannot be read: ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`,
			{cause: error},
		);
	}
}
