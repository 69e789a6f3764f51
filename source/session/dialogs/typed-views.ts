/** Palette commands that show a view or a tail, with the flags of kubectl. */
import {findResource, targetResources, type TargetResource} from '../../targets/resource-names.ts';
import {openTypedNamespace} from '../clusters/navigation.ts';
import type {ViewName} from '../frame/session-state.ts';
import type {Session} from '../frame/session.ts';
import {showView} from '../lists/list-handlers.ts';
import {isListName, listNames} from '../lists/list-kinds.ts';
import {openTail, typedTailPlace} from '../tail/open-tail.ts';
import {parseListArguments, type PaletteArguments} from './palette-arguments.ts';

export const noCommand = 'unknown command:';

export const views: readonly ViewName[] = [...listNames, 'forwards', 'proxy', 'audit', 'sandbox'];

const wordsOf = (isOf: (resource: TargetResource) => boolean) =>
	targetResources.filter(resource => isOf(resource)).flatMap(({names: words}) => words);
const ownList: readonly string[] = ['pods', 'services', 'nodes'];
/** Other words for a view: kubectl's and k9s's. */
export const viewAliases: ReadonlyMap<string, readonly string[]> = new Map([
	...ownList.map(name => [name, wordsOf(({plural}) => plural === name)] as const),
	['workloads', [...wordsOf(({plural}) => !ownList.includes(plural)), 'dp']],
	['events', ['events', 'event', 'ev']],
	['forwards', ['pf']],
]);

export function showTypedView(session: Session, word: string, flags: readonly string[]): void {
	const view = viewOf(word);
	if (view === null) {
		session.showMessage(leftOut(word) ?? `${noCommand} ${word}`, 'warn');
		return;
	}

	const asked = parseListArguments(flags);
	if ('fault' in asked) {
		session.showMessage(asked.fault, 'warn');
		return;
	}

	if (asked.selector !== undefined) {
		if (!isListName(view)) {
			session.showMessage(`${word} cannot be filtered by labels`, 'warn');
			return;
		}

		session.store.dispatchNow({type: 'list', list: view, event: {type: 'filter', text: `-l ${asked.selector}`}});
	}

	if (asked.namespace !== undefined) {
		openTypedNamespace(session, asked.namespace);
	}

	showView(session, view);
}

const changes = /^(?:annotate|apply|cordon|create|delete|del|drain|edit|kill|label|patch|replace|restart|rm|rollout|scale|taint|uncordon)$/;
const otherResources =
	/^(?:cm|configmaps?|secrets?|ing|ingress(?:es)?|pvc?|sa|serviceaccounts?|sc|hpa|pdb|ep|endpoints|quota|roles?|crds?|csr|leases?)$/;

function leftOut(word: string): string | null {
	if (changes.test(word)) {
		return 'spoke does not delete, edit or scale, on purpose: use kubectl';
	}

	return otherResources.test(word)
		? `no view of ${word}: spoke lists only ${listNames.slice(0, -1).join(', ')} and ${listNames.at(-1)}`
		: null;
}

/** kubectl's list names, and k9s's where they differ. */
function viewOf(word: string): ViewName | null {
	const plural = findResource(word)?.plural ?? word;
	return views.find(view => view === word || viewAliases.get(view)?.includes(plural)) ?? null;
}

/** `:tail`, with the flags of `spoke tail` that choose its logs. */
export function openTypedTail(session: Session, {words: targets, flags}: PaletteArguments): void {
	const {selector = null, namespace, container} = flags;
	const fault = faultOf({words: targets, flags});
	if (fault !== null) {
		session.showMessage(fault, 'warn');
		return;
	}

	const place = flags['all-namespaces'] ? null : namespace;
	openTail(
		session,
		{
			...typedTailPlace(session, {isSelector: selector !== null}),
			...(place !== undefined && {namespace: place}),
			targets,
			selector,
			containers: flags['all-containers'] ? {kind: 'all'} : container === undefined ? {kind: 'default'} : {kind: 'named', name: container},
		},
		{previous: flags.previous},
	);
}

function faultOf({words, flags}: Pick<PaletteArguments, 'words' | 'flags'>): string | null {
	const {selector, namespace, container} = flags;
	if (words.length === 0 && selector === undefined) {
		return 'type :tail pod/NAME';
	}

	if (words.length > 0 && selector !== undefined) {
		return ':tail takes either a target or -l';
	}

	if (flags['all-namespaces'] && (selector === undefined || namespace !== undefined)) {
		return selector === undefined ? '-A requires -l: a target is in one namespace' : ':tail takes either -A or -n';
	}

	return flags['all-containers'] && container !== undefined ? ':tail takes either -a or -c' : null;
}
