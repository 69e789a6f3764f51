/** Doctor steps and results in words. */
import type {Doctor, DoctorStep} from '../evidence/doctor/doctor-object.ts';
import type {Part} from './parts.ts';

/** Names of the steps on all surfaces; the JSON has its own. */
export const doctorStepNames: Readonly<Record<DoctorStep['name'], string>> = {
	configuration: 'kubeconfig',
	'leg-1': 'leg 1',
	rights: 'permissions',
	target: 'target',
	'leg-2': 'leg 2',
	'leg-3': 'leg 3',
};

export const doctorStepMarks: Readonly<Record<DoctorStep['status'], string>> = {
	ok: '✓',
	note: '!',
	failed: '✗',
	unknown: '?',
	'not-tried': '·',
};

/** What the step's observation does not say; layouts use the role as a label. */
export function describeStepDetails({
	status,
	observed,
	text,
	means,
	speaker,
	fits,
	remedy,
}: DoctorStep): ReadonlyArray<Part<'server' | 'means' | 'from' | 'also' | 'fix'>> {
	const all = [
		{role: 'server', text: text === observed ? null : text},
		{role: 'means', text: means === observed ? null : means},
		{role: 'from', text: speaker},
		...fits.map(fit => ({role: 'also' as const, text: fit})),
		{role: 'fix', text: status === 'ok' ? null : remedy},
	] as const;
	return all.flatMap(({role, text}) => (text === null || text === '' ? [] : [{role, text}]));
}

export function describeDoctorResult({asked, steps, error, stoppedAt}: Pick<Doctor, 'asked' | 'steps' | 'error' | 'stoppedAt'>): string {
	if (error) {
		return `stopped at ${doctorStepNames[stoppedAt ?? 'configuration']}: ${error.message} [${error.code}]`;
	}

	if (asked === '') {
		return 'the apiserver responds: leg 1 works';
	}

	const isUnknown = (step: DoctorStep['name']) => steps.some(({name, status}) => name === step && status === 'unknown');
	const unknown = [
		...(isUnknown('target') ? ['it is unknown whether the target exists'] : []),
		...(isUnknown('leg-2') ? ['leg 2 was not tried'] : []),
	];
	return unknown.length === 0 ? 'every leg responds' : `nothing failed; ${unknown.join(', and ')}`;
}
