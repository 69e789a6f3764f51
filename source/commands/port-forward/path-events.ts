/** Path changes of a forward's tunnels. */
import {jsonLine} from '../../output/json-line.ts';
import type {PathMode} from '../../output/path-reporter.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import {labelTimings} from '../../evidence/label-timings.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import type {ForwardReporter} from './text-reporter.ts';

/**
Reports each target's label when first known, and when a tunnel's label differs from the last report. A change of basis counts only for the
reported tunnel. If the first tunnel fails, its path is reported; the end of a later one is reported by events only.
*/
export function emitPathEvents(
	labeler: Labeler,
	targets: ReadonlyArray<TargetWithPorts & {namespace: string}>,
	{
		mode,
		stderr,
		isQuiet,
	}: {
		mode: PathMode;
		stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
		/** With `auto`, JSON events suppress the line. */
		isQuiet: boolean;
	},
	reporter: ForwardReporter,
): void {
	if (mode === 'never') {
		return;
	}

	for (const {target, ports, namespace, spread} of targets) {
		const line = createLinePrinter(stderr, mode);
		// Tunnels to the pods of a spread forward alternate.
		const reports = new Map<string, {identity: string; tunnel: string; bases: string}>();
		labeler.onLabel((tunnel, path) => {
			const pod = spread ? (path.target.uid ?? '') : '';
			const before = reports.get(pod) ?? {identity: '', tunnel: '', bases: ''};
			const reported = before.identity;
			const hasEnded = path.about === 'ended-connection' && !(path.phase === 'failed' && (reported === '' || reported === 'checking'));
			if (
				path.feature !== 'port-forward' ||
				path.target.asked !== target.input ||
				(path.target.namespace ?? namespace) !== namespace ||
				hasEnded
			) {
				return;
			}

			const [identity, bases] = [identityOf(path), basesOf(path)];
			const hasSameBases = tunnel !== before.tunnel || bases === before.bases;
			if ((identity === reported && hasSameBases) || (path.phase === 'checking' && reported !== '')) {
				return;
			}

			reports.set(pod, {identity: path.phase === 'checking' ? 'checking' : identity, tunnel, bases});
			for (const {id} of ports) {
				reporter.path(id, path);
			}

			if (mode === 'json') {
				stderr.write(jsonLine(path));
			} else if (mode === 'always' || (stderr.isTTY && !isQuiet)) {
				line(path);
			}
		});
	}
}

/** `always` prints a path that has not settled after `finishTimeoutMs` as far as it is known. */
function createLinePrinter(stderr: Pick<NodeJS.WriteStream, 'write'>, mode: PathMode): (path: Path) => void {
	let timer: NodeJS.Timeout | undefined;
	let last = '';
	const write = ({line}: Path) => {
		if (line === last) {
			return;
		}

		last = line;
		stderr.write(`${sanitizeLine(line)}\n`);
	};

	return path => {
		clearTimeout(timer);
		if (mode === 'always' && path.phase === 'checking') {
			timer = setTimeout(write, labelTimings.finishTimeoutMs, path);
		} else {
			write(path);
		}
	};
}

function identityOf({line, phase, target, process, crossing, error}: Path): string {
	return JSON.stringify([line, phase, target.uid, process.id, crossing.state, error?.code]);
}

function basesOf({legs}: Path): string {
	return legs.flatMap(({tls, route}) => [tls.basis, route.basis]).join(' ');
}
