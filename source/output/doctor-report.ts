/** A doctor run as text. */
import type {Doctor, DoctorStep} from '../evidence/doctor/doctor-object.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

const marks: Readonly<Record<DoctorStep['status'], string>> = {ok: '✓', note: '!', failed: '✗', unknown: '?', 'not-tried': '·'};
/** Names of the steps on all surfaces; the JSON has its own. */
export const doctorStepNames: Readonly<Record<DoctorStep['name'], string>> = {
	configuration: 'kubeconfig',
	'leg-1': 'leg 1',
	rights: 'permissions',
	target: 'target',
	'leg-2': 'leg 2',
	'leg-3': 'leg 3',
};

export function doctorReport({path, steps, error, stoppedAt}: Doctor): string {
	return [
		...(path ? [sanitizeLine(path.line), ''] : []),
		...steps.flatMap(step => stepLines(step)),
		'',
		lastLine({steps, error, stoppedAt}),
		'',
	].join('\n');
}

function lastLine({steps, error, stoppedAt}: Pick<Doctor, 'steps' | 'error' | 'stoppedAt'>): string {
	if (error) {
		return sanitizeLine(`stopped at ${doctorStepNames[stoppedAt ?? 'configuration']}: ${error.message} [${error.code}]`);
	}

	const isUntried = steps.some(({name, status}) => name === 'leg-2' && status === 'unknown');
	return isUntried ? 'nothing failed; leg 2 was not tried' : 'every leg responds';
}

function stepLines({name, status, observed, text, means, speaker, fits, remedy}: DoctorStep): string[] {
	const more = (title: string, value: string | null) =>
		value === null || value === '' ? [] : [`      ${title.padEnd(8)} ${sanitizeLine(value)}`];
	return [
		`${marks[status]} ${doctorStepNames[name].padEnd(12)} ${sanitizeLine(observed)}`,
		...(text === observed ? [] : more('server', text)),
		...(means === observed ? [] : more('means', means)),
		...more('from', speaker),
		...fits.flatMap(fit => more('possible', fit)),
		...(status === 'ok' ? [] : more('fix', remedy)),
	];
}
