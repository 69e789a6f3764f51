import type {ForwardFileEntry} from '../../source/base/command-line/forward-file.ts';

/** A line of a forward file without flags, except those of `more`. */
export function forwardEntry(target: string, ports: readonly string[], more: Partial<ForwardFileEntry> = {}): ForwardFileEntry {
	return {
		target,
		ports,
		namespace: null,
		context: null,
		addresses: [],
		onPodLoss: null,
		host: null,
		...more,
	};
}
