import test from 'ava';
import {forwardArguments} from '../../../source/commands/port-forward/forward-arguments.ts';
import {type ForwardReporter, emitPathEvents, openPaths} from '../../../source/commands/port-forward/forward-reporter.ts';
import type {Basis, Path} from '../../../source/evidence/evidence.ts';
import type {Labeler} from '../../../source/evidence/connection-labeler.ts';
import {forwardPath, forwardPathWithBasis} from '../../support/forward-path.ts';

/** stderr, before and after the end of the forwards, and the bases of leg 2's TLS in the events. */
function told(labels: ReadonlyArray<readonly [tunnel: string, path: Path]>): {bases: Basis[]; stderr: string; stderrAtEnd: string} {
	const bases: Basis[] = [];
	let stderr = '';
	const labeler: Pick<Labeler, 'onLabel'> = {
		onLabel(listener) {
			for (const [tunnel, path] of labels) {
				listener(tunnel, {...path, path});
			}

			return () => undefined;
		},
	};
	const [target] = forwardArguments(['web', '80']);
	const reporter: Pick<ForwardReporter, 'path'> = {
		path(_forward, path) {
			bases.push(path.legs[1]!.tls.basis);
		},
	};
	const finish = emitPathEvents(
		labeler as Labeler,
		[{...target!, namespace: 'default'}],
		{
			mode: 'always',
			stderr: {
				isTTY: false,
				write(text: string | Uint8Array) {
					stderr += text.toString();
					return true;
				},
			},
			isQuiet: false,
		},
		reporter as ForwardReporter,
	);
	const beforeEnd = stderr;
	finish();
	return {bases, stderr: beforeEnd, stderrAtEnd: stderr};
}

test('the path of a tunnel is emitted again when its basis weakens, and an equal line is not', t => {
	const {bases, stderr} = told([
		['t1', forwardPathWithBasis('proven')],
		['t1', forwardPathWithBasis('proven')],
		['t1', forwardPathWithBasis('inferred')],
	]);
	t.deepEqual(bases, ['proven', 'inferred']);
	t.is(stderr, `${forwardPath.line}\n`);
});

test('a path that has not settled is printed when the forwards have ended', t => {
	const {stderr, stderrAtEnd} = told([['t1', {...forwardPath, phase: 'checking'}]]);
	t.is(stderr, '');
	t.is(stderrAtEnd, `${forwardPath.line}\n`);
});

test('tunnels with equal lines of different basis emit one path', t => {
	t.deepEqual(
		told([
			['t1', forwardPathWithBasis('proven')],
			['t2', forwardPathWithBasis('inferred')],
			['t2', forwardPathWithBasis('proven')],
			['t1', forwardPathWithBasis('proven')],
		]).bases,
		['proven'],
	);
});

test('open tunnels whose paths differ only in a basis or in the apiserver process have two paths', t => {
	const [proven, inferred] = [forwardPathWithBasis('proven'), forwardPathWithBasis('inferred')];
	t.is(proven.line, inferred.line);
	t.deepEqual(openPaths(forwardPath.target, [inferred, proven, inferred]), [inferred, proven]);
	const other = {...forwardPath, process: {...forwardPath.process, id: 'other'}};
	t.deepEqual(openPaths(forwardPath.target, [forwardPath, other, forwardPath]), [forwardPath, other]);
});
