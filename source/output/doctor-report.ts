/** A doctor run as text. */
import {describeDoctorResult, describeStepDetails, doctorStepMarks, doctorStepNames} from '../descriptions/describe-doctor.ts';
import type {Part} from '../descriptions/parts.ts';
import type {Doctor, DoctorStep} from '../evidence/doctor/doctor-object.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

export function doctorReport(doctor: Doctor): string {
	const {path, steps} = doctor;
	return [
		...(path ? [sanitizeLine(path.line), ''] : []),
		...steps.flatMap(step => stepLines(step)),
		'',
		sanitizeLine(describeDoctorResult(doctor)),
		'',
	].join('\n');
}

function stepLines(step: DoctorStep): string[] {
	return [
		`${doctorStepMarks[step.status]} ${doctorStepNames[step.name].padEnd(12)} ${sanitizeLine(step.observed)}`,
		...detailLines(describeStepDetails(step)),
	];
}

/** Below a step, or a group of nodes. */
export function detailLines(details: ReadonlyArray<Part<string>>): string[] {
	return details.map(({role, text}) => `      ${role.padEnd(8)} ${sanitizeLine(text)}`);
}
