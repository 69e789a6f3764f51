/** Client credentials. */
import type {SocketFacts} from '../cluster-client.ts';
import type {ClientCertificate} from '../tls/client-certificate.ts';

export type ClientIdentity = {
	authorization: string | null;
	/** The same object until it changes. */
	certificate: ClientCertificate | null;
};

export type Credentials = {
	kind: SocketFacts['clientAuth'];
	/** Rereads files and runs plugins when due. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	current(signal?: AbortSignal): Promise<ClientIdentity>;
	/** After a 401 for `identity`. Resolves to true if a retry has other credentials. */
	renewAfter401(identity: ClientIdentity, signal?: AbortSignal): Promise<boolean>;
};

export const anonymousCredentials: Credentials = fixedCredentials('none', {authorization: null, certificate: null});

export function fixedCredentials(kind: Credentials['kind'], identity: ClientIdentity): Credentials {
	return {kind, current: async () => identity, renewAfter401: async () => false};
}
