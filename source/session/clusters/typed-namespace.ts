/** Namespaces typed by the user. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {OpenCluster, Session} from '../frame/session.ts';

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
		session.showMessage(fault, 'warn');
		return;
	}

	session.openNamespace(name);
	if (name !== null) {
		void reportMissing(session, name);
	}
}

/** Of several clusters, one may lack it. */
async function reportMissing(session: Session, name: string): Promise<void> {
	const clusters = session.shown;
	const missing = await Promise.all(clusters.map(async cluster => isMissing(cluster, name)));
	const isShown = clusters.every(cluster => session.shown.includes(cluster)) && session.store.state.cluster.namespace === name;
	const isMissingInAll = missing.every(Boolean);
	if (isShown) {
		const missingNamespace = isMissingInAll ? {name, at: Date.now()} : null;
		session.store.dispatchNow({type: 'cluster', to: {missingNamespace}});
	}

	if (isShown && isMissingInAll) {
		session.showMessage(`namespace not found: ${name}`, 'warn');
	}
}

async function isMissing({access}: OpenCluster, name: string): Promise<boolean> {
	try {
		await access.json({path: `/api/v1/namespaces/${name}`, signal: AbortSignal.timeout(responseTimeoutMs)});
		return false;
	} catch (error) {
		// The lists show a missing permission.
		return toSpokeError(error).code === 'ERR_NOT_FOUND';
	}
}
