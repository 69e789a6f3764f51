import test from 'ava';
import type {Connection} from '../../../source/cluster/cluster-client.ts';
import {jsonLine} from '../../../source/report/output/output-writer.ts';
import {farEndKind} from '../../../source/report/descriptions/describe-path.ts';
import {reportLabels} from '../../../source/report/output/path-reporter.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {Label, Labeler} from '../../../source/evidence/connection-labeler.ts';
import type {ConnectionPurpose} from '../../../source/streams/connection-observer.ts';
import {until} from '../../support/until.ts';

function scripted() {
	const listeners = new Set<(id: string, label: Label) => void>();
	/** The phases of labels whose path was read. */
	const built: string[] = [];
	const labeler: Labeler = {
		observer: {},
		labels: new Map(),
		close() {},
		onLabel(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	};
	return {
		labeler,
		built,
		label(
			id: string,
			phase: Path['phase'],
			line: string,
			{about = 'open-connection', name = 'web', container = 'a'}: {about?: Path['about']; name?: string; container?: string} = {},
		) {
			const state = /,(\w+)-[>x]/.exec(line)?.[1] ?? 'unknown';
			const path = {
				phase,
				line,
				about,
				feature: 'logs',
				target: {namespace: 'default', name, container},
				legs: [
					{tls: {}, route: {}},
					{tls: {state}, route: {}},
				],
			} as unknown as Path;
			const label = {
				phase,
				about,
				get path() {
					built.push(phase);
					return path;
				},
			};
			for (const listener of listeners) {
				listener(id, label);
			}
		},
	};
}

const checking = 'path: you -verified-> apiserver -checking-> kubelet n1';
const settled = 'path: you -verified-> apiserver -direct,unverified-> kubelet n1';

test('auto prints leg 1 at once, leg 2 when it is known, and each line once', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'auto', text => written.push(text));
	label('c1', 'checking', checking);
	t.deepEqual(written, [`${checking}\n`]);
	label('c1', 'checking', checking);
	label('c1', 'checking', settled.replace('unverified', 'TLS unknown'));
	t.deepEqual(written, [`${checking}\n`], 'a route alone is half of leg 2');
	label('c1', 'checking', settled);
	t.deepEqual(written, [`${checking}\n`, `${settled}\n`]);
	label('c1', 'settled', settled);
	label('c2', 'checking', checking);
	label('c2', 'settled', settled);
	await telling.finished();
	t.deepEqual(written, [`${checking}\n`, `${settled}\n`]);
});

test('the last line of a target is that of its last connection, also if it was written before', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'always', text => written.push(text));
	const verified = settled.replace('unverified', 'verified');
	for (const [id, line] of [
		['c1', settled],
		['c2', verified],
		['c3', settled],
		['c4', settled],
	] as const) {
		label(id, 'settled', line);
	}

	await telling.finished();
	t.deepEqual(written, [`${settled}\n`, `${verified}\n`, `${settled}\n`]);
});

for (const [title, labels, expected] of [
	[
		'equal lines',
		[
			['a', 'n1'],
			['b', 'n1'],
		],
		['path (2 pods): you -verified-> apiserver -direct,unverified-> kubelet n1'],
	],
	[
		'equal lines of several kubelets, and another line for itself',
		[
			['a', 'n2'],
			['b', 'n1'],
			['c', 'n3', 'verified'],
		],
		[
			'path (2 pods): you -verified-> apiserver -direct,unverified-> kubelets n1, n2',
			'path: you -verified-> apiserver -direct,verified-> kubelet n3',
		],
	],
	[
		'many kubelets',
		[
			['a', 'n1'],
			['b', 'n2'],
			['c', 'n3'],
			['d', 'n4'],
		],
		['path (4 pods): you -verified-> apiserver -direct,unverified-> 4 kubelets'],
	],
	[
		'several containers of a pod',
		[
			['a', 'n1'],
			['a', 'n1'],
		],
		[settled],
	],
] as const) {
	test(`joined: ${title}; a later change of one pod is a line of its own`, async t => {
		const {labeler, label} = scripted();
		const written: string[] = [];
		const telling = reportLabels(labeler, 'auto', text => written.push(text), {joins: true});
		const lineTo = (node: string, state = 'unverified') => settled.replace('unverified', state).replace('n1', node);
		for (const [index, [, node]] of labels.entries()) {
			label(`c${index}`, 'checking', checking.replace('n1', node), {name: labels[index]![0], container: `${index}`});
		}

		for (const [index, [name, node, state]] of labels.entries()) {
			label(`c${index}`, 'settled', lineTo(node, state), {name, container: `${index}`});
		}

		t.deepEqual(written, []);
		await until(() => written.length > 0);
		t.deepEqual(
			written,
			expected.map(line => `${line}\n`),
		);
		const [[name, node]] = labels;
		label('later', 'settled', lineTo(node), {name: 'later'});
		label('c0', 'settled', lineTo(node, 'refused'), {name, container: '0'});
		await telling.finished();
		t.deepEqual(written.slice(expected.length), [`${lineTo(node, 'refused')}\n`]);
	});
}

test('always waits for the settled path and prints only that', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'always', text => written.push(text));
	label('c1', 'checking', checking);
	setTimeout(() => {
		label('c1', 'settled', settled);
	}, 50);
	await telling.finished();
	t.deepEqual(written, [`${settled}\n`]);
});

for (const mode of ['always', 'json'] as const) {
	test(`--path=${mode} builds no path of a label that settles later`, async t => {
		const {labeler, label, built} = scripted();
		const telling = reportLabels(labeler, mode, () => {});
		label('c1', 'checking', checking);
		label('c1', 'checking', settled);
		label('c1', 'settled', settled);
		await telling.finished();
		t.deepEqual(built, ['settled']);
	});
}

test('always prints the current path after 2 s', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'always', text => written.push(text));
	label('c1', 'checking', checking);
	const before = Date.now();
	await telling.finished();
	t.true(Date.now() - before < 6000);
	t.deepEqual(written, [`${checking}\n`]);
});

test('json prints one object per connection', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'json', text => written.push(text));
	for (const id of ['c1', 'c2']) {
		label(id, 'checking', checking);
		label(id, 'settled', settled);
		label(id, 'settled', settled);
	}

	await telling.finished();
	t.deepEqual(
		written.map(text => (JSON.parse(text) as Path).line),
		[settled, settled],
	);
});

for (const mode of ['auto', 'always', 'json'] as const) {
	test(`${mode} prints a changed line again while the connection is open, but not at its end`, async t => {
		const {labeler, label} = scripted();
		const written: string[] = [];
		const telling = reportLabels(labeler, mode, text => written.push(text));
		const later = settled.replace('direct', 'konnectivity');
		label('c1', 'settled', settled);
		label('c1', 'settled', later);
		label('c1', 'settled', checking, {about: 'ended-connection'});
		await telling.finished();
		t.deepEqual(
			written.map(text => (mode === 'json' ? `${(JSON.parse(text) as Path).line}\n` : text)),
			[`${settled}\n`, `${later}\n`],
		);
	});
}

for (const mode of ['auto', 'always', 'json'] as const) {
	test(`${mode} prints a refusal that follows the opening of a command`, async t => {
		const {labeler, label} = scripted();
		const written: string[] = [];
		const telling = reportLabels(labeler, mode, text => written.push(text));
		const unheard = settled.replace('unverified', 'TLS unknown');
		label('c1', 'settled', unheard);
		label('c1', 'failed', settled.replace('unverified->', 'refused-x'), {about: 'ended-connection'});
		await telling.finished();
		t.deepEqual(
			written.map(text => /direct,([\w ]+)/.exec(text)?.[1]),
			['TLS unknown', 'refused'],
		);
	});
}

test('a path line contains no control characters', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'auto', text => written.push(text));
	label('c1', 'settled', 'path: kubelet \u001B]0;title\u0007 n1');
	await telling.finished();
	t.notRegex(written.join(''), /[\u0000-\u0009\u000B-\u001F]/);
});

test('an object is printed on one line, whatever it contains', t => {
	const line = jsonLine({text: 'a\nb\u001B[2J\u009B\u202E\u2028'});
	t.is(line.indexOf('\n'), line.length - 1);
	t.regex(line, /^[\u0020-\u007E]*\n$/);
	t.is((JSON.parse(line) as {text: string}).text, 'a\nb\u001B[2J\u009B\u202E\u2028');
});

test('a connection canceled before use prints no path', async t => {
	const {labeler, label} = scripted();
	const observer: Labeler['observer'] = {
		onClosed({id}) {
			label(id, id === 'c1' ? 'checking' : 'settled', settled, {about: 'ended-connection'});
		},
	};
	const written: string[] = [];
	const telling = reportLabels({...labeler, observer}, 'json', text => written.push(text));
	label('c1', 'checking', checking);
	telling.observer.onClosed!({id: 'c1'} as Connection, {} as ConnectionPurpose);
	label('c2', 'checking', checking);
	telling.observer.onOpened!({id: 'c2'} as Connection, {} as ConnectionPurpose, {carrier: 'http', protocol: null});
	telling.observer.onClosed!({id: 'c2'} as Connection, {} as ConnectionPurpose);
	label('c2', 'settled', settled);
	await telling.finished();
	t.is(written.length, 1);
});

test('an ended connection is forgotten', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const telling = reportLabels(labeler, 'json', text => written.push(text));
	label('c1', 'settled', settled);
	label('c1', 'settled', settled);
	t.is(written.length, 1);
	label('c1', 'settled', settled, {about: 'ended-connection'});
	// Ids are not used again: only a new connection is reported again.
	label('c1', 'settled', settled);
	t.is(written.length, 2);
	await telling.finished();
});

test('the end of a leg is named after its peer, known or unknown', t => {
	t.deepEqual(
		(['apiserver', 'gateway', 'unknown', 'kubelet'] as const).map(to => farEndKind({to, tls: {state: 'unverified'}})),
		['apiserver', 'gateway', 'an unknown server', 'kubelet'],
	);
	t.is(farEndKind({to: 'unknown', tls: {state: 'verified'}}), 'apiserver or gateway');
});

test('a delayed close reaches the labeler even if the path does not settle', async t => {
	const {labeler, label} = scripted();
	const closed: string[] = [];
	const [connection, purpose] = [{id: 'c1'} as Connection, {} as ConnectionPurpose];
	const telling = reportLabels({...labeler, observer: {onClosed: ({id}) => void closed.push(id)}}, 'always', () => {});
	telling.observer.onOpened?.(connection, purpose, {carrier: 'websocket', protocol: null});
	label('c1', 'checking', checking);
	telling.observer.onClosed?.(connection, purpose);
	t.deepEqual(closed, []);
	await telling.finished({timeoutMs: 1});
	t.deepEqual(closed, ['c1']);
});

for (const [mode, last] of [
	[
		'auto',
		'path: you -verified-> apiserver -unknown-> kubelet n1 (the stream ended before leg 2 was determined; --path=always waits longer)',
	],
	['always', 'path: you -verified-> apiserver -unknown-> kubelet n1 (the stream ended before leg 2 was determined)'],
] as const) {
	for (const isClosed of [true, false]) {
		test(`the last line of ${mode} is not checking when the stream ${isClosed ? 'has closed' : 'is still open'} at the end`, async t => {
			const {labeler, label} = scripted();
			const written: string[] = [];
			const observer: Labeler['observer'] = {
				onClosed({id}) {
					label(id, 'settled', checking.replace('checking', 'unknown'), {about: 'ended-connection'});
				},
			};
			const [connection, purpose] = [{id: 'c1'} as Connection, {} as ConnectionPurpose];
			const telling = reportLabels({...labeler, observer}, mode, text => written.push(text));
			label('c1', 'checking', checking);
			telling.observer.onOpened?.(connection, purpose, {carrier: 'http', protocol: null});
			if (isClosed) {
				telling.observer.onClosed?.(connection, purpose);
			}

			await telling.finished({timeoutMs: 1});
			t.is(written.at(-1), `${last}\n`);
		});
	}
}

test('a path that was known before its label settled is not printed again at the end', async t => {
	const {labeler, label} = scripted();
	const written: string[] = [];
	const observer: Labeler['observer'] = {
		onClosed({id}) {
			label(id, 'settled', settled, {about: 'ended-connection'});
		},
	};
	const telling = reportLabels({...labeler, observer}, 'auto', text => written.push(text));
	label('c1', 'checking', settled);
	telling.observer.onOpened?.({id: 'c1'} as Connection, {} as ConnectionPurpose, {carrier: 'http', protocol: null});
	await telling.finished();
	t.deepEqual(written, [`${settled}\n`]);
});
