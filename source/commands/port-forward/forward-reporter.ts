/** Text output of port-forward: kubectl's lines on stdout, others on stderr. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {describeForwardEvent, type ForwardDescription, describeForwardUsers} from '../../report/descriptions/describe-forward-event.ts';
import {joinParts} from '../../report/descriptions/parts.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import type {Path, ResolvedTarget} from '../../evidence/evidence.ts';
import {noticeLine, jsonObject, writeJsonLine, jsonLine} from '../../report/output/output-writer.ts';
import type {ForwardEvent, ForwardTotals} from '../../streams/port-forward/forward-event.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import type {PathMode} from '../../report/output/path-reporter.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import {labelTimings} from '../../evidence/label-timings.ts';

export type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

const endReasons: Readonly<Partial<Record<SpokeError['code'], string>>> = {
	ERR_TARGET_GONE: 'target-gone',
	ERR_PORT_IN_USE: 'bind-failed',
	ERR_NOT_FOUND: 'not-found',
	ERR_FORBIDDEN: 'forbidden',
	ERR_CREDENTIALS: 'credentials',
	ERR_CREDENTIAL_PLUGIN: 'credentials',
	ERR_CLIENT_CERTIFICATE: 'credentials',
	ERR_APISERVER_UNREACHABLE: 'unreachable',
	ERR_APISERVER_TIMEOUT: 'unreachable',
};

type LinePrinter = {print(path: Path): void; finish(): void};

/** In the format of `--output`: text, or events on `stdout`. */
export function reporterFor({output}: {output?: string | undefined}, stdout: Output, stderr: Output): ForwardReporter {
	return output === 'json' ? jsonReporter(stdout, stderr) : textReporter(stdout, stderr);
}

/** `hasHints`: says how to use the forwards. */
export function textReporter(stdout: Output, stderr: Output, {hasHints = true} = {}): ForwardReporter {
	const lines = new BurstLines(stdout);
	const say = (text: string, isOfBurst: boolean) => {
		lines.write(`${sanitizeLine(text)}\n`, isOfBurst);
	};

	const note = (text: string) => {
		lines.flush();
		stderr.write(noticeLine(text, stderr));
	};

	const remotePorts = new Map<string, number>();
	const localPorts = new Map<string, number>();
	/** By forward: a port that stays closed refuses each connection with the same text. The ports of a target wait together. */
	const lastTexts = new Map<string | null, string | null>();
	/** Whether it repeats the text before it. */
	const repeatsText = (event: ForwardEvent, {subject, kind, parts}: ForwardDescription): boolean => {
		const isRefusal = event.event === 'connection-failed' && subject === 'connection' && kind === 'note';
		if (!isRefusal && event.event !== 'waiting') {
			return false;
		}

		const [about, text] = isRefusal ? [event.forward, event.error.text] : [null, joinParts(parts)];
		const isSame = lastTexts.get(about) === text;
		lastTexts.set(about, text);
		return isSame;
	};

	return {
		event(event) {
			if (event.event === 'ready') {
				remotePorts.set(event.forward, event.remotePort);
			} else if (event.event === 'connection-opened') {
				localPorts.set(event.connection, event.port);
			}

			const connection = 'connection' in event ? event.connection : '';
			const who = `connection ${connection} (${localPorts.get(connection)} -> ${remotePorts.get(event.forward)})`;
			// A connection's end is shown only if it is a reset inside the pod; others are normal.
			const isShown = event.event !== 'connection-closed' || event.end === 'pod-reset';
			for (const description of isShown ? describeForwardEvent(event) : []) {
				if ((description.kind === 'hint' && !hasHints) || repeatsText(event, description)) {
					continue;
				}

				if (description.kind === 'output') {
					say(forwardLine(description, who), event.event === 'connection-opened');
				} else {
					note(forwardLine(description, who));
				}
			}

			if (event.event === 'connection-closed' || event.event === 'connection-failed') {
				localPorts.delete(event.connection);
			}
		},
		allReady() {},
		path() {},
		ended() {
			lines.flush();
		},
	};
}

/** Interval of writes in a burst: waking the reader costs more than a line. */
const burstMs = 20;

/** Writes the first line of a burst at once, and gathers the others, in order. */
class BurstLines {
	readonly #output: Output;
	#pending = '';
	#timer: NodeJS.Timeout | undefined;

	constructor(output: Output) {
		this.#output = output;
	}

	write(line: string, isOfBurst: boolean): void {
		this.#pending += line;
		if (!isOfBurst || !this.#timer) {
			this.flush();
		}

		if (isOfBurst) {
			this.#timer ??= setTimeout(() => {
				this.#timer = undefined;
				this.flush();
			}, burstMs);
		}
	}

	flush(): void {
		const text = this.#pending;
		this.#pending = '';
		if (text !== '') {
			this.#output.write(text);
		}
	}
}

/** `who` names the connection that a note is about. */
function forwardLine({kind, subject, parts}: ForwardDescription, who: string): string {
	switch (kind) {
		case 'output': {
			return joinParts(parts, {without: ['pod']});
		}

		case 'warning': {
			return `warning: ${joinParts(parts)}`;
		}

		default: {
			return `${kind === 'note' && subject === 'connection' ? `${who}: ` : ''}${joinParts(parts)}`;
		}
	}
}

type ForwardRunResult = {exitStatus: number; reason: string; signal: string | null; totals: ForwardTotals; error: SpokeError | null};

export type ForwardReporter = {
	event(event: ForwardEvent): void;
	allReady(targets: readonly TargetWithPorts[]): void;
	path(forward: string, path: Path): void;
	ended(ended: ForwardRunResult): void;
};

/** Events go to `output`; warnings also to stderr. */
export function jsonReporter(output: Output, stderr: Output): ForwardReporter {
	const line = (fields: object) => {
		writeJsonLine(output, jsonObject('PortForwardEvent', fields));
	};

	return {
		event(event) {
			line(event.event === 'ready' ? {...event, pid: process.pid} : event);
			for (const warning of event.event === 'ready' ? event.listen.flatMap(listening => describeForwardUsers(listening)) : []) {
				stderr.write(noticeLine(forwardLine(warning, ''), stderr));
			}
		},
		allReady(targets) {
			const forwards = targets.reduce((sum, {ports}) => sum + ports.length, 0);
			line({event: 'all-ready', forward: null, forwards, pid: process.pid});
		},
		path(forward, path) {
			line({event: 'path', forward, path});
		},
		ended(ended) {
			line({event: 'ended', forward: null, ...ended});
		},
	};
}

/** `reason` of the `ended` event. */
export function endReasonFor({code}: SpokeError): string {
	return endReasons[code] ?? 'error';
}

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
