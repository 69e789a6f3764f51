/** Who we are to the apiserver: what a request carries, and what can be done when it is not accepted. */
import type {SocketFacts} from '../connection.ts';
import type {ClientCertificate} from '../tls/start-tls.ts';

/** One reading of the credentials. */
export type ClientIdentity = {
	/** The value of `Authorization`; `null` sends none. */
	authorization: string | null;
	/** Shown in the handshake; the same object as long as it has not changed. */
	certificate: ClientCertificate | null;
};

export type Credentials = {
	kind: SocketFacts['clientAuth'];
	/** What to use now: files are read again and plugins run when it is time. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	current(signal?: AbortSignal): Promise<ClientIdentity>;
	/** The apiserver answered 401 to `identity`: true when there are other credentials now, so that a second try makes sense. */
	rejected(identity: ClientIdentity, signal?: AbortSignal): Promise<boolean>;
};

export const anonymousCredentials: Credentials = fixedCredentials('none', {authorization: null, certificate: null});

/** Credentials that never change. */
export function fixedCredentials(kind: Credentials['kind'], identity: ClientIdentity): Credentials {
	return {kind, current: async () => identity, rejected: async () => false};
}
