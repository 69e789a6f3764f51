/** Namespaces typed by the user, which may not exist. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {Session} from '../session.ts';

const answerMs = 5000;

/** Returns why the name is invalid, or `null`. */
export function namespaceError(name: string): string | null {
	return name.length <= 63 && /^[\da-z](?:[\da-z-]*[\da-z])?$/.test(name)
		? null
		: `invalid namespace "${name}": use a-z, 0-9 and inner -, at most 63 characters`;
}

/** Opens the namespace at once (`null` for all) and reports later when it does not exist. */
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
		// Without permission to read it, the lists show what is missing.
		if (
			toSpokeError(error).code === 'ERR_NOT_FOUND' &&
			session.cluster.access === access &&
			session.store.state.cluster.namespace === name
		) {
			session.tell(`namespace not found: ${name}`, 'warn');
		}
	}
}
