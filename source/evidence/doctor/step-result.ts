/** Constructors of doctor steps. */
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {DoctorStep, StepName} from './doctor-object.ts';

export type StepResult = {step: Omit<DoctorStep, 'tookMs'>; error: SpokeError | null};

const legs: Readonly<Record<StepName, DoctorStep['leg']>> = {configuration: 0, 'leg-1': 1, rights: 1, target: 1, 'leg-2': 2, 'leg-3': 3};

export function passed(name: StepName, observed: string, more: Partial<DoctorStep> = {}): StepResult {
	return {step: {...baseStep(name, legs[name], 'ok', observed), ...more}, error: null};
}

export function failedStep(name: StepName, error: SpokeError, more: Partial<DoctorStep> = {}): StepResult {
	const {leg, legKnown, message, text, remedy} = error;
	return {step: {...baseStep(name, leg === 0 || !legKnown ? legs[name] : leg, 'failed', message), text, remedy, ...more}, error};
}

function baseStep(name: StepName, leg: DoctorStep['leg'], status: DoctorStep['status'], observed: string): StepResult['step'] {
	return {name, leg, status, observed, text: null, means: null, speaker: null, fits: [], remedy: null};
}
