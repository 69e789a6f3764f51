/** Namespaces typed by the user. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {Session} from '../frame/session.ts';

const responseTimeoutMs = 5000;

export function namespaceError(name: string): string | null {
	return name.length <= 63 && /^[\da-z](?:[\da-z-]*[\da-z])?$/.test(name)
		? null
		: `invalid namespace "${name}": use a-z, 0-9 and inner -, at most 63 characters`;
}

/** Reports later if it does not exist. `null` means all. */
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
		await access.json({path: `/api/v1/namespaces/${name}`, signal: AbortSignal.timeout(responseTimeoutMs)});
	} catch (error) {
		// The lists show a missing permission.
		if (
			toSpokeError(error).code === 'ERR_NOT_FOUND' &&
			session.cluster.access === access &&
			session.store.state.cluster.namespace === name
		) {
			session.tell(`namespace not found: ${name}`, 'warn');
		}
	}
}
