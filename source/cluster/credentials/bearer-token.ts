/** A bearer token, fixed or in a file that is read again while we run. */
import {readFile} from 'node:fs/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText} from '../file-error-text.ts';

/**
Reads a token file at most once in 50 s: client-go's period of a minute less its leeway (transport/token_source.go). A 401 does not make it read sooner there:
bearerAuthRoundTripper (transport/round_trippers.go) never resets its source, as only a WrapTransport of the caller's own would.
*/
const rereadAfterMs = 50_000;

/**
Gives the current token. The file wins over the fixed token; when it cannot be read, the last good token goes on being used.
@throws SpokeError ERR_KUBECONFIG_INVALID when there was never one
*/
export function tokenSource(token: string, file: string, now: () => number = Date.now): () => Promise<string> {
	let last = token;
	let readAt = -Infinity;
	return async () => {
		if (file === '' || now() - readAt < rereadAfterMs) {
			return last;
		}

		try {
			const fresh = (await readFile(file, 'utf8')).trim();
			if (fresh === '') {
				throw new Error(`read empty token from file "${file}"`);
			}

			last = fresh;
			readAt = now();
		} catch (error) {
			if (last === '') {
				throw new SpokeError('ERR_KUBECONFIG_INVALID', `the token file cannot be used: ${fileErrorText(error as NodeJS.ErrnoException)}`, {
					remedy: 'check tokenFile of this user',
					cause: error,
				});
			}
		}

		return last;
	};
}
