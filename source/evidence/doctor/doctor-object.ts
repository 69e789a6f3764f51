/** The Doctor object and its steps. */
import type {ErrorObject, SpokeError} from '../../errors/spoke-error.ts';
import type {ClusterIdentity, Path, ResolvedTarget} from '../evidence.ts';

export type StepName = 'configuration' | 'leg-1' | 'rights' | 'target' | 'leg-2' | 'leg-3';

export type DoctorStep = {
	name: StepName;
	leg: 0 | 1 | 2 | 3;
	status: 'ok' | 'note' | 'failed' | 'unknown' | 'not-tried';
	observed: string;
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

export type StepResult = {step: Omit<DoctorStep, 'tookMs'>; error: SpokeError | null};

const legs: Readonly<Record<StepName, DoctorStep['leg']>> = {configuration: 0, 'leg-1': 1, rights: 1, target: 1, 'leg-2': 2, 'leg-3': 3};

export function stepResult(name: StepName, observed: string, more: Partial<DoctorStep> = {}): StepResult {
	return {step: {...baseStep(name, legs[name], 'ok', observed), ...more}, error: null};
}

export function failedStep(name: StepName, error: SpokeError, more: Partial<DoctorStep> = {}): StepResult {
	const {leg, legKnown, message, text, remedy} = error;
	return {step: {...baseStep(name, leg === 0 || !legKnown ? legs[name] : leg, 'failed', message), text, remedy, ...more}, error};
}

function baseStep(name: StepName, leg: DoctorStep['leg'], status: DoctorStep['status'], observed: string): StepResult['step'] {
	return {name, leg, status, observed, text: null, means: null, speaker: null, fits: [], remedy: null};
}
