/** Path changes of a forward's tunnels. */
import {jsonLine} from '../../output/json-line.ts';
import type {PathMode} from '../../output/path-reporter.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import {labelTimings} from '../../evidence/label-timings.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import type {ForwardReporter} from './text-reporter.ts';

/** Whether the run reads paths. Otherwise tunnels open without reading evidence first. */
export function wantsPaths(
	{path, output}: {path: PathMode; output?: string | undefined},
	{isTTY}: Pick<NodeJS.WriteStream, 'isTTY'>,
): boolean {
	return path !== 'never' && (output === 'json' || path !== 'auto' || isTTY);
}

/**
Reports each target's label when first known, and when a tunnel's label differs from the last report. A change of basis counts only for the
reported tunnel. If the first tunnel fails, its path is reported; the end of a later one is reported by events only.
@returns prints the paths that have not settled, as far as they are known; to be called when the forwards have ended
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
): () => void {
	if (mode === 'never') {
		return () => undefined;
	}

	const printers: LinePrinter[] = [];

	for (const {target, ports, namespace} of targets) {
		const printer = createLinePrinter(stderr, mode);
		printers.push(printer);
		let before = {identity: '', tunnel: '', bases: ''};
		labeler.onLabel((tunnel, {path}) => {
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

			before = {identity: path.phase === 'checking' ? 'checking' : identity, tunnel, bases};
			for (const {id} of ports) {
				reporter.path(id, path);
			}

			if (mode === 'json') {
				stderr.write(jsonLine(path));
			} else if (mode === 'always' || (stderr.isTTY && !isQuiet)) {
				printer.print(path);
			}
		});
	}

	return () => {
		for (const printer of printers) {
			printer.finish();
		}
	};
}

type LinePrinter = {print(path: Path): void; finish(): void};

/** `always` prints a path that has not settled after `finishTimeoutMs` as far as it is known. */
function createLinePrinter(stderr: Pick<NodeJS.WriteStream, 'write'>, mode: PathMode): LinePrinter {
	let timer: NodeJS.Timeout | undefined;
	let unsettled: Path | null = null;
	let last = '';
	const write = ({line}: Path) => {
		if (line === last) {
			return;
		}

		last = line;
		stderr.write(`${sanitizeLine(line)}\n`);
	};

	const finish = () => {
		clearTimeout(timer);
		if (unsettled !== null) {
			write(unsettled);
			unsettled = null;
		}
	};

	return {
		print(path) {
			clearTimeout(timer);
			unsettled = mode === 'always' && path.phase === 'checking' ? path : null;
			if (unsettled === null) {
				write(path);
			} else {
				timer = setTimeout(finish, labelTimings.finishTimeoutMs);
			}
		},
		finish,
	};
}

/** What a reader of a path distinguishes, without the bases. */
export function identityOf({line, phase, target, process, exposure, error}: Path): string {
	return JSON.stringify([line, phase, target.uid, process.id, exposure.state, error?.code]);
}

export function basesOf({legs}: Path): string {
	return legs.flatMap(({tls, route}) => [tls.basis, route.basis]).join(' ');
}
