/** Columns and cells. @see pkg/printers/internalversion/printers.go */
import type {KubeObject} from '../kube-object.ts';

export type Column = {
	name: string;
	type: 'string' | 'integer' | 'boolean';
	format: '' | 'name';
	/** 1: with `-o wide`. */
	priority: 0 | 1;
};

export type TableRow = {cells: unknown[]; conditions?: object[]};

export type Printer<T extends KubeObject> = {columns: readonly Column[]; row: (object: T, now: number) => TableRow};

/** Parses column specs: the title, and after a colon its format or type (`Name:name`, `Desired:integer`). `+` means only with `-o wide`. */
export function columns(...specs: string[]): Column[] {
	return specs.map(spec => {
		const wide = spec.startsWith('+');
		const [name, kind] = spec.replace('+', '').split(':') as [string, string | undefined];
		return {
			name,
			type: kind === 'integer' || kind === 'boolean' ? kind : 'string',
			format: kind === 'name' ? 'name' : '',
			priority: wide ? 1 : 0,
		};
	});
}

export function age(since: string | null | undefined, now: number): string {
	return since === undefined || since === null ? '<unknown>' : duration(Math.max(0, now - Date.parse(since)));
}

/** `5d`, `3h12m`, `45s`. @see k8s.io/apimachinery duration.HumanDuration */
export function duration(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1000);
	const minutes = Math.floor(seconds / 60);
	const hours = Math.floor(minutes / 60);
	const days = Math.floor(hours / 24);
	const two = (large: number, largeUnit: string, small: number, smallUnit: string) =>
		small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
	if (seconds < 120) {
		return `${seconds}s`;
	}

	if (minutes < 10) {
		return two(minutes, 'm', seconds % 60, 's');
	}

	if (minutes < 180) {
		return `${minutes}m`;
	}

	if (hours < 8) {
		return two(hours, 'h', minutes % 60, 'm');
	}

	if (hours < 48) {
		return `${hours}h`;
	}

	return hours < 192 ? two(days, 'd', hours % 24, 'h') : `${days}d`;
}

/** `app=web,tier=front`, or `<none>`. */
export function labels(map: Record<string, string> | undefined): string {
	const pairs = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}
