/** Texts of remedies, and the pages that explain them. */
import test from 'ava';
import {docs, remedies} from '../../../source/evidence/rules/remedies.ts';

test('each page belongs to the Kubernetes documentation', t => {
	for (const page of Object.values(docs)) {
		t.regex(page, /^https:\/\/kubernetes\.io\/docs(?:\/[\w-]+)+\/(?:#[\w-]+)?$/);
	}
});

test('each remedy is a text without a final period', t => {
	for (const remedy of Object.values(remedies)) {
		t.regex(remedy, /^(?:--)?\w.*[^.\s]$/);
	}
});
