/** Completes the argument of a palette command. */
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {listAll, type TableRow} from '../../cluster/list.ts';
import type {PickerItem} from './dialog.ts';
import type {OpenCluster, Session} from '../frame/session.ts';

const responseTimeoutMs = 5000;

export type NameSource = (session: Session) => Promise<readonly string[]>;

export class ArgumentCompleter {
	readonly #session: Session;
	readonly #sourceOf: (word: string) => NameSource | undefined;
	readonly #known = new Map<string, readonly string[]>();
	#again: () => void = () => {};

	constructor(session: Session, sourceOf: (word: string) => NameSource | undefined) {
		this.#session = session;
		this.#sourceOf = sourceOf;
	}

	onNames = (again: () => void): void => {
		this.#again = again;
	};

	at = (text: string): {from: number; items: readonly PickerItem[]} | null => {
		const [, lead = '', word = ''] = /^(\s*(\S+)\s+)/.exec(text) ?? [];
		const source = this.#sourceOf(word);
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

	async #read(word: string, source: NameSource): Promise<void> {
		this.#known.set(word, await source(this.#session).catch(() => []));
		this.#again();
	}
}

/** Of all clusters shown. @throws SpokeError when listing is forbidden in each */
export async function namespaceNames({shown}: Session): Promise<readonly string[]> {
	const read = await Promise.allSettled(shown.map(async cluster => namespacesOf(cluster)));
	const names = read.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
	const failed = read.find(({status}) => status === 'rejected') as PromiseRejectedResult | undefined;
	if (names.length === 0 && failed) {
		throw failed.reason;
	}

	return names.length === 1 ? names[0]! : [...new Set(names.flat())].sort();
}

async function namespacesOf(cluster: OpenCluster): Promise<readonly string[]> {
	const {items} = await listAll<TableRow>(cluster.access, {
		path: '/api/v1/namespaces',
		as: 'table',
		pageSize: 5000,
		signal: AbortSignal.timeout(responseTimeoutMs),
	});
	return items.map(({cells}) => String(cells[0]));
}

/** @throws SpokeError when the kubeconfig cannot be read */
export async function contextNames({flags, env}: Session): Promise<readonly string[]> {
	const {config} = await loadKubeconfig(flags.kubeconfig, env);
	return [...config.contexts.keys()];
}
