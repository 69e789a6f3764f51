/** Path changes of a forward's tunnels. */
import {setTimeout as delay} from 'node:timers/promises';
import {jsonLine} from '../../output/json-line.ts';
import type {PathMode} from '../../output/path-reporter.ts';
import type {Path, ResolvedTarget} from '../../evidence/evidence.ts';
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

/**
Of the tunnels that are open to `target`: one of equal paths, because a forward opens more tunnels when it has many connections. A new one
is first shown when it has settled.
*/
export function openPaths(target: ResolvedTarget | null, paths: readonly Path[]): readonly Path[] {
	const own = paths.filter(
		path =>
			path.feature === 'port-forward' &&
			path.about === 'open-connection' &&
			path.target.asked === target?.asked &&
			path.target.namespace === target.namespace,
	);
	const settled = own.filter(({phase}) => phase !== 'checking');
	const shown = settled.length === 0 ? own : settled;
	// A line shows neither bases nor the apiserver process.
	return [...new Map(shown.map(path => [`${identityOf(path)} ${basesOf(path)}`, path])).values()];
}

/** What a reader of a path distinguishes, without the bases. */
function identityOf({line, phase, target, process, exposure, error}: Path): string {
	return JSON.stringify([line, phase, target.uid, process.id, exposure.state, error?.code]);
}

function basesOf({legs}: Path): string {
	return legs.flatMap(({tls, route}) => [tls.basis, route.basis]).join(' ');
}

/** Forwards whose path is reported as `checking`. */
export class UnsettledPaths {
	readonly #forwards = new Set<string>();
	#whenSettled: (() => void) | undefined;

	update(forward: string, {phase}: Path): void {
		if (phase === 'checking') {
			this.#forwards.add(forward);
			return;
		}

		this.#forwards.delete(forward);
		if (this.#forwards.size === 0) {
			this.#whenSettled?.();
		}
	}

	/** Waits at most `finishTimeoutMs`, as other one-shots do. */
	async settled(): Promise<void> {
		if (this.#forwards.size > 0) {
			const {promise, resolve} = Promise.withResolvers<void>();
			this.#whenSettled = resolve;
			await Promise.race([promise, delay(labelTimings.finishTimeoutMs, undefined, {ref: false})]);
		}
	}
}
