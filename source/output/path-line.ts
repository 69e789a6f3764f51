/** How one-shots tell the path of their connections on stderr: as a line, or as one object a connection. */
import type {Writable} from 'node:stream';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Path} from '../posture/evidence.ts';
import type {Labeller} from '../posture/label.ts';
import {makeLabeller} from '../posture/labeller.ts';
import type {ConnectionWitness} from '../sessions/connection-witness.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import {jsonLine} from './json-line.ts';

/** The values of `--path`. */
export type PathMode = 'auto' | 'always' | 'never' | 'json';

export type PathTelling = {
	/** For the session; left out when no path is told, so that nothing is read for it either. */
	witness: ConnectionWitness | undefined;
	/** Before the process ends: waits for what `always` and `json` owe, at most 2 s. */
	finished(): Promise<void>;
};

const owedWithinMs = 2000;

/**
`auto` tells only a terminal: leg 1 at once, leg 2 when it is known, and never waits. `always` and `json` tell each connection when its label is settled,
and all three once more when it reads otherwise while the connection is open. A line that was told already is not repeated.
*/
export function tellPaths(cluster: ClusterAccess, {mode, stderr}: {mode: PathMode; stderr: Writable & {isTTY?: boolean}}): PathTelling {
	const quiet = mode === 'never' || (mode === 'auto' && !stderr.isTTY);
	return quiet
		? {witness: undefined, finished: async () => undefined}
		: told(makeLabeller(cluster, {isAwaited: mode !== 'auto'}), mode, text => {
			stderr.write(text);
		});
}

/** The same on a labeller of one's own. */
export function told(labeller: Labeller, mode: Exclude<PathMode, 'never'>, write: (text: string) => void): PathTelling {
	const owed = new Map<string, Path>();
	/** What was told last of connections that are settled; `null` for one that was given up before its use. */
	const done = new Map<string, Path | null>();
	const used = new Set<string>();
	const lines = new Set<string>();
	const closings = new Map<string, () => void>();
	let settled: (() => void) | undefined;
	/** An object tells how sure it is, too. */
	const reads = ({line, legs}: Path) => mode === 'json' ? `${line} ${legs.map(({tls, route}) => `${tls.basis} ${route.basis}`).join(' ')}` : line;
	const say = (path: Path) => {
		const text = mode === 'json' ? jsonLine(path) : `${sanitiseLine(path.line)}\n`;
		if (mode === 'json' || !lines.has(text)) {
			lines.add(text);
			write(text);
		}
	};

	const end = labeller.onLabel((id, path) => {
		if (path.phase === 'checking') {
			if (mode === 'auto' && (!owed.has(id) || path.legs[1]?.tls.state !== 'unknown')) {
				say(path);
			}

			owed.set(id, path);
			return;
		}

		owed.delete(id);
		const last = done.get(id);
		if (last === undefined || (last !== null && reads(last) !== reads(path) && (path.about === 'open-connection' || isRefusal(path)))) {
			done.set(id, path);
			say(path);
		}

		settled?.();
		// Not inside the labeller's own telling.
		queueMicrotask(() => {
			closings.get(id)?.();
			closings.delete(id);
		});
	});
	return {
		witness: {
			...labeller.witness,
			opened(connection, purpose, about) {
				used.add(connection.id);
				labeller.witness.opened?.(connection, purpose, about);
			},
			closed(connection, purpose) {
				const close = () => labeller.witness.closed?.(connection, purpose);
				if (!used.has(connection.id)) {
					// What was read on it made it useless: the stream took another.
					done.set(connection.id, null);
					owed.delete(connection.id);
				}

				// A short read is over before its second leg is known; what is owed is read to its end.
				if (owed.has(connection.id)) {
					closings.set(connection.id, close);
				} else {
					close();
				}
			},
		},
		async finished() {
			if (mode !== 'auto' && owed.size > 0) {
				await new Promise<void>(resolve => {
					const timer = setTimeout(resolve, owedWithinMs);
					settled = () => {
						if (owed.size === 0) {
							clearTimeout(timer);
							resolve();
						}
					};
				});
			}

			for (const path of mode === 'auto' ? [] : owed.values()) {
				say(path);
			}

			end();
			labeller.close();
		},
	};
}

/** It may come long after a command was opened, and is what the line is for. */
function isRefusal({phase, legs}: Path): boolean {
	return phase === 'failed' && legs[1]?.tls.state === 'refused';
}
