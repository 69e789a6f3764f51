/** What can stand behind a command of the palette: namespaces, contexts, targets. */
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {listAll, type TableRow} from '../../cluster/list.ts';
import type {PickerItem} from '../../state/overlay.ts';
import type {Session} from '../session.ts';
import {readForwardSets} from '../forward-set-files.ts';
import {forwardNames, targetNames} from './offered-names.ts';

const answerMs = 5000;

/** Which names each command takes. */
const sources: Readonly<Record<string, (session: Session) => Promise<readonly string[]>>> = {
	ns: namespaces, namespace: namespaces, ctx: contexts, context: contexts, tail: targetNames, logs: targetNames, shell: targetNames, forward: forwardNames, 'forward-set': setNames,
};

export class CommandArguments {
	readonly #session: Session;
	readonly #known = new Map<string, readonly string[]>();
	#again: () => void = () => {};

	constructor(session: Session) {
		this.#session = session;
	}

	/** Called when more names are known than a moment ago. */
	onNames = (again: () => void): void => {
		this.#again = again;
	};

	/** The names for the argument that is typed; they come when they are read. */
	at = (text: string): {from: number; items: readonly PickerItem[]} | null => {
		const [, lead = '', word = ''] = /^(\s*(\S+)\s+)/.exec(text) ?? [];
		const source = sources[word];
		// A flag is no name, though some name may hold its letters.
		if (source === undefined || text[lead.length] === '-') {
			return null;
		}

		const known = this.#known.get(word);
		if (known === undefined) {
			this.#known.set(word, []);
			void this.#read(word, source);
		}

		return {from: lead.length, items: (known ?? []).map(name => ({id: name.trim(), cells: [name.trim(), '', ''], text: name}))};
	};

	async #read(word: string, source: (session: Session) => Promise<readonly string[]>): Promise<void> {
		// What may not be read is typed.
		this.#known.set(word, await source(this.#session).catch(() => []));
		this.#again();
	}
}

export async function namespaces({cluster}: Session): Promise<readonly string[]> {
	const {items} = await listAll<TableRow>(cluster.access, {path: '/api/v1/namespaces', as: 'table', pageSize: 5000, signal: AbortSignal.timeout(answerMs)});
	return items.map(({cells}) => String(cells[0]));
}

async function setNames({env}: Session): Promise<readonly string[]> {
	return readForwardSets(env).map(({name}) => name);
}

async function contexts({flags, env}: Session): Promise<readonly string[]> {
	const {config} = await loadKubeconfig(flags.kubeconfig, env);
	return [...config.contexts.keys()];
}
