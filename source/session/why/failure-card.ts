/** Shows a failed start on a card. */
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {ClusterTarget, Session} from '../frame/session.ts';
import {openDoctor} from './doctor-handlers.ts';

export type StartFailure = ClusterTarget & {
	about: string;
	error: SpokeError;
	path: Path | null;
	retry(): void | Promise<void>;
};

/** A message instead if a dialog is open, because the user may be typing. */
export async function showFailureCard(
	session: Session,
	{about, error, path, target, namespace, cluster, retry}: StartFailure,
): Promise<void> {
	session.showFailure(about, error, path);
	if (session.store.state.dialog !== null) {
		return;
	}

	switch (await session.showCard(`${about} failed`, error.toJSON())) {
		case 'retry': {
			await retry();
			break;
		}

		case 'doctor': {
			await openDoctor(session, {cluster, namespace, target});
			break;
		}

		case 'why': {
			session.store.dispatchNow({type: 'push', layer: {kind: 'why', about, path, error: error.toJSON(), entry: null, top: 0}});
			break;
		}

		case null: {
			break;
		}
	}
}
