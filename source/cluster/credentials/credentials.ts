/** Client credentials and their renewal. */
import type {SocketFacts} from '../connection.ts';
import type {ClientCertificate} from '../tls/start-tls.ts';

export type ClientIdentity = {
	/** The value of `Authorization`, if any. */
	authorization: string | null;
	/** Presented in the handshake; the same object until it changes. */
	certificate: ClientCertificate | null;
};

export type Credentials = {
	kind: SocketFacts['clientAuth'];
	/** Rereads files and runs plugins when due. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	current(signal?: AbortSignal): Promise<ClientIdentity>;
	/** Reports a 401 for `identity`; true if other credentials are available now, so that a retry makes sense. */
	rejected(identity: ClientIdentity, signal?: AbortSignal): Promise<boolean>;
};

export const anonymousCredentials: Credentials = fixedCredentials('none', {authorization: null, certificate: null});

export function fixedCredentials(kind: Credentials['kind'], identity: ClientIdentity): Credentials {
	return {kind, current: async () => identity, rejected: async () => false};
}
