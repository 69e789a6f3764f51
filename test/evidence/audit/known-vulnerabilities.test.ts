/** Versions compared with fixes. */
import test from 'ava';
import {fixFor, knownVulnerabilities, affectedState, type AffectedState} from '../../../source/evidence/audit/known-vulnerabilities.ts';

const proxied = {fixedIn: ['1.22.16', '1.23.14', '1.24.8', '1.25.4']};
const later = {introducedIn: '1.30.0', fixedIn: ['1.30.10', '1.31.6']};
const open = {fixedIn: []};

const rows: ReadonlyArray<[version: string, vulnerability: {fixedIn: readonly string[]; introducedIn?: string}, state: AffectedState]> = [
	['v1.25.3', proxied, 'affected'],
	['v1.25.4', proxied, 'not-affected'],
	['v1.25.10', proxied, 'not-affected'],
	['v1.22.9', proxied, 'affected'],
	['v1.21.14', proxied, 'affected'],
	['v1.26.0', proxied, 'not-affected'],
	['v1.26.0-alpha.1', proxied, 'unknown'],
	['v1.26.0-rc.0', proxied, 'unknown'],
	['v1.27.0-alpha.1', proxied, 'not-affected'],
	['v1.25.0-rc.1', proxied, 'affected'],
	['v1.25.4-rc.0', proxied, 'affected'],
	['v1.25.5-rc.0', proxied, 'not-affected'],
	['v1.25.3-gke.800', proxied, 'vendor'],
	['v1.25.3-eks-a737599', proxied, 'vendor'],
	['v1.25.3+k3s1', proxied, 'vendor'],
	['v1.25.3-rc.1+rke2r1', proxied, 'vendor'],
	['v1.25.4-gke.800', proxied, 'not-affected'],
	['v1.25.4+k3s1', proxied, 'not-affected'],
	['v1.26.1-eks-a737599', proxied, 'not-affected'],
	['v1.29.14', later, 'not-affected'],
	['v1.30.0', later, 'affected'],
	['v1.30.0-rc.1', later, 'not-affected'],
	['v1.30.9', later, 'affected'],
	['v1.31.6', later, 'not-affected'],
	['v1.38.0', open, 'affected'],
	['v1.38.0-gke.1', open, 'affected'],
	['v1.25', proxied, 'unknown'],
	['', proxied, 'unknown'],
];

for (const [version, vulnerability, state] of rows) {
	test(`${version || 'no version'} against ${vulnerability.fixedIn.join(' ') || 'no fix'}: ${state}`, t => {
		t.is(affectedState(version, vulnerability), state);
	});
}

test('the fix is of the own minor version, or of the first later one', t => {
	t.is(fixFor('v1.24.1', proxied), '1.24.8');
	t.is(fixFor('v1.20.15', proxied), '1.22.16');
	t.is(fixFor('v1.24.8', proxied), '1.25.4');
	t.is(fixFor('v1.25.4', proxied), null);
});

test('fixed versions are in ascending order, and every vulnerability has its issue as source', t => {
	for (const {id, fixedIn, source} of knownVulnerabilities) {
		t.deepEqual(
			fixedIn,
			fixedIn.toSorted((a, b) => a.localeCompare(b, 'en', {numeric: true})),
			id,
		);
		t.regex(source, /^https:\/\/github\.com\/kubernetes\/kubernetes\/issues\/\d+$/, id);
	}
});
