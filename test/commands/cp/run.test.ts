import process from 'node:process';
import test from 'ava';
import {parseCopyArguments} from '../../../source/commands/cp/run.ts';
import {describeProgress, ProgressLine} from '../../../source/commands/cp/copy-report.ts';
import {until} from '../../support/until.ts';

test('a remote path is kubectl’s [NAMESPACE/]POD:PATH, or KIND/NAME:PATH', t => {
	for (const [text, target, namespace, path] of [
		['web:/a', 'web', null, '/a'],
		['shop/web:/a/', 'web', 'shop', '/a'],
		['pod/web:/a', 'pod/web', null, '/a'],
		['deploy/web:a b', 'deploy/web', null, 'a b'],
		['shop/deploy/web:/', 'deploy/web', 'shop', '/'],
		['web:-rf', 'web', null, '-rf'],
		['web:a:b', 'web', null, 'a:b'],
	] as const) {
		t.deepEqual(parseCopyArguments([text, 'here']), {direction: 'from-pod', remote: {target, namespace, path}, local: 'here'}, text);
		t.deepEqual(parseCopyArguments(['here', text]), {direction: 'to-pod', remote: {target, namespace, path}, local: 'here'}, text);
	}
});

test('the progress names rate and time left, and a stall', t => {
	const samples = [
		{at: 0, bytes: 0},
		{at: 2000, bytes: 20_000_000},
	];
	t.is(describeProgress({bytes: 20_000_000, totalBytes: 1_020_000_000, samples}), '20 MB of 1.0 GB · 10 MB/s · 1 min 40 s left');
	t.is(
		describeProgress({
			bytes: 5,
			totalBytes: 10,
			samples: [
				{at: 0, bytes: 5},
				{at: 900, bytes: 5},
			],
		}),
		'5 B of 10 B · 0 B/s · no data now',
	);
});

test('the progress has only glyphs that the terminal can show', async t => {
	process.env['SPOKE_GLYPHS'] = 'ascii';
	t.teardown(() => delete process.env['SPOKE_GLYPHS']);
	let written = '';
	const stderr = {
		isTTY: true,
		columns: 80,
		write(text: string) {
			written += text;
		},
	};
	const progress = new ProgressLine(stderr as unknown as NodeJS.WriteStream, {isQuiet: false});
	progress.setTotal(10);
	await until(() => written !== '');
	progress.stop();
	t.true(written.includes('0 B of 10 B - 0 B/s - no data now'), written);
});
