/** The audit picture. */
import test from 'ava';
import {hubPicture} from '../../../source/report/descriptions/describe-audit.ts';
import {rowIds, type AuditRow} from '../../../source/evidence/audit/audit-object.ts';
import type {Basis, RouteState, TlsState} from '../../../source/evidence/evidence.ts';
import {auditPicture} from '../../../source/session/audit/audit.tsx';
import {textOf} from '../../support/session-state.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';

type Short = readonly [verdict: AuditRow['verdict'], state: string, basis: Basis, leg?: AuditRow['leg']];
const leg = (route: RouteState, routeBasis: Basis, tls: TlsState, tlsBasis: Basis): AuditRow['leg'] => ({
	route: {state: route, basis: routeBasis},
	tls: {state: tls, basis: tlsBasis},
});
const unknown: Short = ['unknown', 'unknown', 'unknown'];
const rowsOf = (given: Readonly<Record<string, Short>>) =>
	rowIds.map(id => {
		const [verdict, state, basis, leg = null] = given[id] ?? unknown;
		return {id, title: '', verdict, state, leg, basis} as unknown as AuditRow;
	});

const cases: ReadonlyArray<readonly [title: string, given: Readonly<Record<string, Short>>, words: string, spoke: string]> = [
	[
		'verification is off',
		{C4: ['fail', 'unverified', 'proven'], C2: ['unknown', 'unverified', 'unknown']},
		'kubelets: unverified, proven',
		'━ unverified ━► kubelets',
	],
	[
		'verification is on, and kubelets are refused',
		{C4: ['pass', 'enforced', 'inferred'], C2: ['warn', 'refused', 'inferred']},
		'kubelets: refused, inferred',
		'╍ refused ╍► kubelets',
	],
	[
		'verification is on, and nobody tried',
		{C4: ['pass', 'enforced', 'proven'], C2: ['pass', 'enforced', 'inferred']},
		'kubelets: enforced, inferred',
		'╍ enforced ╍► kubelets',
	],
	[
		'verification is on, and kubelets were accepted',
		{C4: ['pass', 'enforced', 'proven'], C2: ['pass', 'verified', 'proven']},
		'kubelets: verified, proven',
		'━ verified ━► kubelets',
	],
	['nothing is known', {}, 'kubelets: unknown ', '┈ unknown ┈► kubelets'],
];
for (const [title, given, words, spoke] of cases) {
	test(title, t => {
		const rows = rowsOf(given);
		t.true(hubPicture(rows).at(-1)!.includes(words), hubPicture(rows).at(-1));
		const picture = textOf(auditPicture({rows}, unicodeGlyphs, 120));
		t.true(
			picture.some(line => line.includes(spoke)),
			picture.join('\n'),
		);
	});
}

test('a caller has its state in full and the sign of its verdict when they fit', t => {
	const rows = rowsOf({N1: ['warn', 'static-tokens', 'proven'], N2: ['pass', 'approved', 'proven'], N3: ['pass', 'ca-equal', 'proven']});
	const pictureAt = (width: number) => textOf(auditPicture({rows}, unicodeGlyphs, width)).join('\n');
	t.regex(pictureAt(120), /kubelets: +! static tokens on ━+►[\s\S]+joining nodes: CSRs approved ━+►[\s\S]+pods: +CA matches server’s ━+►/);
	t.regex(hubPicture(rows).join('\n'), /kubelets: +! static tokens on ━+►[\s\S]+pods: +CA matches server’s ━+►/);
});

const proxied: Short = ['fail', 'plain', 'inferred', leg('direct', 'inferred', 'plain', 'proven')];
const streamed: Short = ['fail', 'unverified', 'proven', leg('direct', 'proven', 'unverified', 'proven')];
const direct = {
	C1: ['fail', 'unverified', 'inferred', leg('direct', 'inferred', 'unverified', 'proven')],
	C2: streamed,
	C3: streamed,
	C4: ['fail', 'unverified', 'proven'],
	C6: proxied,
	C7: proxied,
	C8: proxied,
	C10: ['not-applicable', 'direct', 'proven'],
} as const satisfies Readonly<Record<string, Short>>;
const pictureOf = (given: Readonly<Record<string, Short>>, width: number) =>
	textOf(auditPicture({rows: rowsOf(given)}, unicodeGlyphs, width)).join('\n');

test('in the picture, route and TLS each have the stroke of their own basis', t => {
	t.regex(pictureOf(direct, 200), /│╍ direct ━ plain ━► pods, through the proxy$/m);
	t.regex(pictureOf(direct, 110), /│╍ direct ━ plain ━► pods, through the proxy$/m);
	t.regex(hubPicture(rowsOf(direct)).join('\n'), /│━━ plain ━+► pods\/proxy$/m);
});

test('the spoke of all streams to kubelets has the weakest basis of their routes', t => {
	t.regex(pictureOf(direct, 200), /│╍ direct ━ unverified ━► kubelets: all streams$/m);
	t.regex(pictureOf({...direct, C1: streamed}, 200), /│━ direct ━ unverified ━► kubelets: all streams$/m);
});

test('the route below the picture is no better than that of any stream', t => {
	t.regex(pictureOf(direct, 120), /route: ╍ direct/);
	t.regex(hubPicture(rowsOf(direct)).at(-1)!, /^route to nodes: direct, inferred /);
	const proven = {...direct, C1: streamed, C6: streamed, C7: streamed, C8: streamed};
	t.regex(pictureOf(proven, 120), /route: ━ direct/);
	t.regex(hubPicture(rowsOf(proven)).at(-1)!, /^route to nodes: direct, proven /);
});

for (const [state, basis, said] of [
	['konnectivity', 'proven', 'differs by stream'],
	['unknown', 'unknown', 'unknown for some streams'],
] as const) {
	test(`a stream whose route is ${state} is not drawn with the route of the others`, t => {
		const other: Short = ['unknown', 'unverified', 'proven', leg(state, basis, 'unverified', 'proven')];
		const given = {...direct, C1: other};
		t.regex(pictureOf(given, 200), /│━ unverified ━► kubelets: all streams$/m);
		t.true(pictureOf(given, 200).includes(`route: ${said}`));
		t.true(hubPicture(rowsOf(given)).at(-1)!.startsWith(`route to nodes: ${said} `));
	});
}

test('the text under the hub is not cut', t => {
	const under = (route: string) =>
		auditPicture({rows: rowsOf({C10: ['pass', route, 'inferred'], C9: ['pass', 'impossible', 'inferred']})}, unicodeGlyphs, 120)
			.at(-1)!
			.spans.map(({text}) => text)
			.join('');
	t.regex(under('direct'), /route: ╍ direct · SSH: not used$/);
	t.regex(under('konnectivity'), /route: ╍ konnectivity · SSH: not used$/);
});

test('a path whose last attempt failed has a broken spoke', t => {
	const rows = rowsOf({C4: ['fail', 'unverified', 'proven'], C2: ['warn', 'unverified', 'proven'], C6: ['warn', 'plain', 'proven']}).map(
		row => ({...row, broken: row.id === 'C2'}),
	);
	const picture = textOf(auditPicture({rows}, unicodeGlyphs, 120)).join('\n');
	t.regex(picture, /━ unverified ✗ kubelets/);
	t.regex(picture, /━ plain ━► nodes by proxy, not kubelets/);
	const printed = hubPicture(rows).join('\n');
	t.regex(printed, /━━ unverified ━+✗ exec, attach/);
	t.regex(printed, /━━ plain ━+► nodes, not kubelets/);
});
