/** Label and field selectors. */
import type {JsonObject} from '../../wire/json.ts';
import type {KubeObject} from './kube-object.ts';

export type Match = (object: KubeObject) => boolean;

/** `app=web,tier!=db,env in (a, b),!old`. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api */
export function parseLabelSelector(text: string): Match | undefined {
	const terms: Match[] = [];
	for (const part of splitTerms(text)) {
		const term = labelTerm(part.trim());
		if (!term) {
			return undefined;
		}

		terms.push(term);
	}

	return object => terms.every(term => term(object));
}

export function parseFieldSelector(text: string): Match | undefined {
	const terms = text
		.split(',')
		.filter(Boolean)
		.map(part => /^([\w.]+)(==|!=|=)(.*)$/.exec(part.trim()));
	return terms.includes(null)
		? undefined
		: object =>
				terms.every(term => {
					const equal = fieldOf(object, term![1]!) === term![3]!;
					return term![2] === '!=' ? !equal : equal;
				});
}

export function hasLabels(object: {metadata: {labels?: Record<string, string>}}, wanted: Record<string, string>): boolean {
	return Object.entries(wanted).every(([key, value]) => object.metadata.labels?.[key] === value);
}

function splitTerms(text: string): string[] {
	return text.split(/,(?![^(]*\))/).filter(part => part.trim() !== '');
}

function labelTerm(part: string): Match | undefined {
	const name = '[\\w./-]+';
	const set = new RegExp(`^(${name})\\s+(in|notin)\\s+\\(([^)]*)\\)$`).exec(part);
	if (set) {
		const values = set[3]!.split(',').map(value => value.trim());
		return ({metadata: {labels}}) => {
			const value = labels?.[set[1]!];
			return set[2] === 'in' ? value !== undefined && values.includes(value) : value === undefined || !values.includes(value);
		};
	}

	const equality = new RegExp(`^(${name})\\s*(==|!=|=)\\s*([\\w.-]*)$`).exec(part);
	if (equality) {
		return ({metadata: {labels}}) => (labels?.[equality[1]!] === equality[3]) === (equality[2] !== '!=');
	}

	const presence = new RegExp(`^(!?)\\s*(${name})$`).exec(part);
	return presence ? ({metadata: {labels}}) => (labels !== undefined && (presence[2] ?? '') in labels) === (presence[1] === '') : undefined;
}

function fieldOf(object: KubeObject, path: string): string {
	let value: unknown = object;
	for (const key of path.split('.')) {
		value = (value as JsonObject | undefined)?.[key];
	}

	return ['string', 'number', 'boolean'].includes(typeof value) ? (value as string) : '';
}
