/** The Doctor object and its steps. */
import type {ErrorObject} from '../../errors/spoke-error.ts';
import type {ClusterIdentity, Path, ResolvedTarget} from '../evidence.ts';

export type StepName = 'configuration' | 'leg-1' | 'rights' | 'target' | 'leg-2' | 'leg-3';

export type DoctorStep = {
	name: StepName;
	leg: 0 | 1 | 2 | 3;
	status: 'ok' | 'note' | 'failed' | 'unknown' | 'not-tried';
	observed: string;
	/** Only if the step failed. */
	text: string | null;
	means: string | null;
	speaker: string | null;
	/** Other observations related to the failure. */
	fits: readonly string[];
	remedy: string | null;
	tookMs: number | null;
};

export type Doctor = {
	apiVersion: 'spoke/v1';
	kind: 'Doctor';
	time: string;
	asked: string;
	target: ResolvedTarget | null;
	cluster: ClusterIdentity | null;
	steps: readonly DoctorStep[];
	stoppedAt: StepName | null;
	path: Path | null;
	error: ErrorObject | null;
	exitStatus: number;
};
