/** When is the label of a forward's tunnels worth telling, and where is it told? */
import {jsonLine} from '../../output/json-line.ts';
import type {PathMode} from '../../output/path-reporter.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/labeler.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import type {ForwardReporter} from './forward-reporter.ts';

/** `always` prints what is known by then, milliseconds. */
const longestWaitMs = 2000;

/**
Tells each target's label when it is first known and whenever a tunnel's differs from the last one told: many tunnels, one line. How sure it is counts for the tunnel that was told alone.
A forward whose first tunnel fails is told what that failure says of the path; of later tunnels an end is told by events alone.
Events go to the reporter; text or JSON lines to stderr by `mode`.
*/
export function emitPathEvents(
	labeller: Labeler,
	targets: ReadonlyArray<TargetWithPorts & {namespace: string}>,
	{
		mode,
		stderr,
		quietly,
	}: {
		mode: PathMode;
		stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
		/** `auto` prints no line beside JSON events. */
		quietly: boolean;
	},
	reporter: ForwardReporter,
): void {
	if (mode === 'never') {
		return;
	}

	const asText = mode === 'always' || (mode === 'auto' && stderr.isTTY && !quietly);
	for (const {target, ports, namespace} of targets) {
		const line = lineTeller(stderr, mode);
		let told = '';
		let toldOf = {tunnel: '', bases: ''};
		labeller.onLabel((tunnel, path) => {
			const hasEnded = path.about === 'ended-connection' && !(path.phase === 'failed' && (told === '' || told === 'checking'));
			if (
				path.feature !== 'port-forward' ||
				path.target.asked !== target.input ||
				(path.target.namespace ?? namespace) !== namespace ||
				hasEnded
			) {
				return;
			}

			const [identity, bases] = [identityOf(path), basesOf(path)];
			const isSureAsTold = tunnel !== toldOf.tunnel || bases === toldOf.bases;
			if ((identity === told && isSureAsTold) || (path.phase === 'checking' && told !== '')) {
				return;
			}

			told = path.phase === 'checking' ? 'checking' : identity;
			toldOf = {tunnel, bases};
			for (const {id} of ports) {
				reporter.path(id, path);
			}

			if (mode === 'json') {
				stderr.write(jsonLine(path));
			} else if (asText) {
				line(path);
			}
		});
	}
}

function lineTeller(stderr: Pick<NodeJS.WriteStream, 'write'>, mode: PathMode): (path: Path) => void {
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
			timer = setTimeout(write, longestWaitMs, path);
		} else {
			write(path);
		}
	};
}

/** What a reader would see as another label. */
function identityOf({line, phase, target, process, crossing, error}: Path): string {
	return JSON.stringify([line, phase, target.uid, process.id, crossing.state, error?.code]);
}

function basesOf({legs}: Path): string {
	return legs.flatMap(({tls, route}) => [tls.basis, route.basis]).join(' ');
}
