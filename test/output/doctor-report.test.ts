/** A doctor run as text. */
import test from 'ava';
import type {Doctor, DoctorStep} from '../../source/evidence/doctor/doctor-object.ts';
import {doctorStepNames} from '../../source/descriptions/describe-doctor.ts';
import {doctorReport} from '../../source/output/doctor-report.ts';

const step: DoctorStep = {
	name: 'leg-2',
	leg: 2,
	status: 'failed',
	observed: 'the apiserver refused the kubelet',
	text: 'x509: certificate signed by unknown authority',
	means: 'the kubelet CA differs',
	speaker: 'apiserver',
	fits: ['an old kubelet certificate'],
	remedy: 'approve its signing request',
	evidence: [],
	tookMs: 3,
} as unknown as DoctorStep;

const report = (steps: readonly DoctorStep[]) => doctorReport({path: null, steps, error: null, stoppedAt: null} as unknown as Doctor);

test('a doctor report labels server message, meaning, sender, causes and fix', t => {
	t.is(
		report([step]),
		[
			'✗ leg 2        the apiserver refused the kubelet',
			'      server   x509: certificate signed by unknown authority',
			'      means    the kubelet CA differs',
			'      from     apiserver',
			'      also     an old kubelet certificate',
			'      fix      approve its signing request',
			'',
			'every leg responds',
			'',
		].join('\n'),
	);
});

test('a doctor report omits the fix of a successful step', t => {
	t.notRegex(report([{...step, status: 'ok'}]), /fix/);
});

test('a doctor report prints readable step names, not the identifiers of the JSON', t => {
	t.deepEqual(
		Object.values(doctorStepNames).filter(name => name.includes('-') || name === 'rights'),
		[],
	);
});
