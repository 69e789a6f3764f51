/** A namespace whose name was typed: it may be none. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {Session} from '../session.ts';

const answerMs = 5000;

/** Why no namespace can have this name; `null` when one can. */
export function namespaceError(name: string): string | null {
	return name.length <= 63 && /^[\da-z](?:[\da-z-]*[\da-z])?$/.test(name)
		? null
		: `${name === '' ? 'an empty name' : name} cannot be a namespace: small letters, digits and - between them, no more than 63`;
}

/** Opens it at once, `null` for all, and says so when the apiserver knows none of that name. */
export function openTypedNamespace(session: Session, name: string | null): void {
	const fault = name === null ? null : namespaceError(name);
	if (fault !== null) {
		session.tell(fault, 'warn');
		return;
	}

	session.openNamespace(name);
	if (name !== null) {
		void tellMissing(session, name);
	}
}

async function tellMissing(session: Session, name: string): Promise<void> {
	const {access} = session.cluster;
	try {
		await access.json({path: `/api/v1/namespaces/${name}`, signal: AbortSignal.timeout(answerMs)});
	} catch (error) {
		// Whoever may not read it is told by the lists what they may.
		if (
			toSpokeError(error).code === 'ERR_NOT_FOUND' &&
			session.cluster.access === access &&
			session.store.state.cluster.namespace === name
		) {
			session.tell(`no such namespace: ${name}`, 'warn');
		}
	}
}
